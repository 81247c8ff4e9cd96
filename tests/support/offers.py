"""What an answer says beside what the thing is: what its reader may do with it now."""

from collections.abc import Mapping
from typing import Any


def without_offers(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer less what may be done now, which is no part of what the thing is."""
    return {name: value for name, value in answer.items() if name not in {"actions", "closed_actions"}}
