"""What another service said to a form, as its page tells it: above it, at its fields, or that it said nothing."""

from collections.abc import Collection, Mapping
from typing import Any

from metrics.neighbours.commands import Refusal
from metrics.neighbours.queries import Away

_SHOWN, _NOBODY_ANSWERS = 200, 503


def answered(
    outcome: Refusal | Away | None, fields: Collection[str], *, meant: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What a template of a form is handed, and the page's status; `fields.html` draws it.

    `meant` names the field of the form where the other side calls it otherwise.
    """
    refusal = outcome if isinstance(outcome, Refusal) else None
    unanswered = isinstance(outcome, Away)
    faults = [((meant or {}).get(each.field, each.field), each.detail) for each in (refusal.errors if refusal else ())]
    return {
        "status": refusal.status if refusal else _NOBODY_ANSWERS if unanswered else _SHOWN,
        "refusal": refusal,
        "unanswered": unanswered,
        "faults": {name: detail for name, detail in faults if name in fields},
        "besides": [detail for name, detail in faults if name not in fields],
    }
