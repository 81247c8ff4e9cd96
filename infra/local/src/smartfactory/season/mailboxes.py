"""Every office says where its notices go: one of its people proposes, another confirms."""

from dataclasses import dataclass

from contracts.types import MUNICIPALITIES
from smartfactory.season import people
from smartfactory.season.origin import Person
from smartfactory.season.stage import Stage

_FIRST = 1
"""A proposal that nobody decided: played again, the requests are the same."""


@dataclass(frozen=True, slots=True)
class Office:
    """An office with two of its people."""

    code: str
    proposer: Person
    confirmer: Person


async def register_mailboxes(stage: Stage) -> None:
    """The fourteen municipalities, the province and the Technopark, in a season that is told of money that lapses."""
    if stage.scenario.closing is None:
        return

    async def register(office: Office) -> None:
        path, address = "/applicant/v1/office-mailboxes", f"smart-{office.code}@office.example"
        proposed = await stage.origin.post(
            office.proposer, path, {"address": address}, step="propose-mailbox", entity=office.code
        )
        await stage.origin.post(
            office.confirmer,
            f"{path}/{proposed['id']}/confirmations",
            None,
            step="confirm-mailbox",
            entity=office.code,
            version=_FIRST,
        )

    at = stage.scenario.calendar.budgets_confirmed_at
    await stage.play(at, "offices' mailboxes registered", _offices(), register)


def _offices() -> list[Office]:
    codes = [str(each.code) for each in MUNICIPALITIES]
    return [
        *(Office(code, people.municipality_officer(code), people.municipality_approver(code)) for code in codes),
        Office("province", people.PROVINCE_OFFICER, people.PROVINCE_APPROVER),
        Office("technopark", people.OPERATOR, people.INSPECTOR),
    ]
