"""Panels judge: their members declare conflicts, score the others, and their sheets are locked at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from smartfactory.season import forum, people
from smartfactory.season.applying import Case
from smartfactory.season.origin import Person
from smartfactory.season.stage import Stage


@dataclass(frozen=True, slots=True)
class _Sheet:
    case: Case
    member: Person
    index: int

    @property
    def entity(self) -> str:
        return f"{self.case.planned.entity}/{self.member.subject}"


async def judge_all(stage: Stage, call_id: str, eligible: Sequence[Case]) -> None:
    """Form one panel per type and have every eligible case scored by everybody who may."""
    panels = {panel.type_code: panel for panel in people.panels(stage.scenario)}
    sheets = [
        _Sheet(case, member, index)
        for case in eligible
        for index, member in enumerate(panels[case.planned.type_code].members)
    ]

    async def form(panel: people.Panel) -> None:
        body = {
            "name": f"{panel.type_code} 평가위원회",
            "type_code": panel.type_code,
            "members": [
                {"subject": member.subject, "name": f"가상위원 {number}", "affiliation": "가상대학교"}
                for number, member in enumerate(panel.members, start=1)
            ],
        }
        path = f"/applicant/v1/calls/{call_id}/panels"
        await stage.origin.post(people.OPERATOR, path, body, step="form-panel", entity=panel.type_code)

    async def declare(sheet: _Sheet) -> None:
        path = f"/applicant/v1/applications/{sheet.case.application_id}/conflicts"
        body = {"kind": "COACHED_THE_FIRM", "statement": "가상 기업을 자문한 적이 있습니다."}
        await stage.origin.post(sheet.member, path, body, step="declare-conflict", entity=sheet.entity)

    async def score(sheet: _Sheet) -> None:
        planned = sheet.case.planned.scores[sheet.index]
        body = {"technical_score": planned.technical_x100, "site_score": planned.site_x100, "bonus": 0}
        path = f"/applicant/v1/applications/{sheet.case.application_id}/scores"
        await stage.origin.post(sheet.member, path, body, step="score", entity=sheet.entity)

    scoring_at = stage.scenario.calendar.scoring_at
    # Who visited the firm for the Forum was given no seat at its case and has nothing to declare.
    conflicted = [
        sheet
        for sheet in sheets
        if sheet.index == sheet.case.planned.conflicted_member and not forum.coached(stage, sheet.case.planned)
    ]
    free = [sheet for sheet in sheets if sheet.index != sheet.case.planned.conflicted_member]
    await stage.play(scoring_at, "panels formed", panels.values(), form)
    await stage.play(scoring_at, "conflicts declared", conflicted, declare)
    await stage.play(scoring_at, "scores locked", free, score)
