"""Realistic values for the examples of the time machine, by the name of a field. All are invented."""

from collections.abc import Mapping

_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_LIKE = {
    "PlacingView": "RankedCaseView",
    "FoundByView": "ReleaseFindingView",
    "ScreeningRoundView": "ScreeningView",
    "CaseDeadline": "ListedDeadline",
}
"""What examiners are shown of a thing has the values of what everybody is shown of it."""


def past_examples(known: Mapping[str, object]) -> dict[str, object]:
    """The values of the time machine's own views, those that are like others among them."""
    like = {
        f"{view}.{name.removeprefix(f'{other}.')}": value
        for view, other in _LIKE.items()
        for name, value in known.items()
        if name.startswith(f"{other}.")
    }
    return {**like, **_PAST}


_PAST: Mapping[str, object] = {
    "more": [],
    "MoneyAsOf.closing_rules": [{"version": "2024-1", "valid_from": "2024-01-01"}],
    "FoundByView.proposed_by": "https://issuer.example.kr treasurer-park",
    "FoundByView.decided_by": "https://issuer.example.kr approver-kim",
    "RegisterCheckView.answer_sha256": _SHA256,
    "CasePanelView.name": "식품·기계 분과 평가위원회",
    "SeatView.name": "김평가",
    "SeatView.subject": "panel-kim",
    "SeatView.conflict": None,
    "SeatView.declared_at": None,
    "PlacingView.ranking": 2,
    "PlacingView.state": "DECIDED",
    "LapsingView.under_way_won": 12_000_000,
    "detail.decisions": 10_412,
}
