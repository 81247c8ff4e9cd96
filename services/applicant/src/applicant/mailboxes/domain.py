"""A mailbox of an office: PROPOSED -> CONFIRMED -> REPLACED. An address that nothing goes to any more is not kept.

The offices are the fourteen municipalities, the province and the Technopark.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from common.errors import NotFound, NotPermitted, RuleRefused, StaleVersion, Text
from contracts.types import MUNICIPALITIES

PROVINCE = "52"
TECHNOPARK = "TECHNOPARK"
OFFICES: dict[str, Text] = {
    **{str(each.code): Text(each.ko, each.en) for each in MUNICIPALITIES},
    PROVINCE: Text("전북특별자치도", "Jeonbuk State"),
    TECHNOPARK: Text("전북테크노파크", "Jeonbuk Technopark"),
}
"""Every office by its code, with its names."""


class MailboxState(StrEnum):
    """Notices go to a confirmed one; of each office there is one at most, and one proposal beside it."""

    PROPOSED = "PROPOSED"
    CONFIRMED = "CONFIRMED"
    REPLACED = "REPLACED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """One address of an office, and who said so. It stands in this table and nowhere else."""

    id: UUID
    office: str
    address: str | None
    state: MailboxState
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    ended_at: datetime | None = None
    version: int = 1


class MailboxUnknown(NotFound):
    """No such mailbox, or another municipality's."""

    code = "mailbox-unknown"
    title = Text("우편함을 찾을 수 없습니다", "There is no such mailbox")
    detail = Text("우편함 번호를 확인해 주세요.", "Check the mailbox's id.")


class MailboxHasChanged(StaleVersion):
    """Somebody confirmed or replaced it after the caller had read it."""

    code = "mailbox-has-changed"
    title = Text("우편함이 그 사이에 바뀌었습니다", "The mailbox has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 처리해 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again.",
    )


class MailboxDecided(RuleRefused):
    """It is confirmed already, or another one stands in its place."""

    code = "mailbox-decided"
    title = Text("이미 처리된 우편함입니다", "The mailbox is decided already")
    detail = Text("현재 상태는 {state}입니다. 바뀐 것은 없습니다.", "It is {state}. Nothing was changed.")


class MailboxProposedMeanwhile(RuleRefused):
    """Two people of one office proposed at the same moment."""

    code = "mailbox-proposed-meanwhile"
    title = Text("동시에 다른 제안이 등록되었습니다", "Somebody else proposed at the same moment")
    detail = Text(
        "먼저 등록된 제안을 확인한 뒤 다시 제안해 주세요. 저장된 것은 없습니다.",
        "Read the one that was first, then propose again. Nothing was stored.",
    )


class MailboxOwnProposal(RuleRefused):
    """Who proposed it does not confirm it."""

    code = "mailbox-own-proposal"
    title = Text("제안자는 확정할 수 없습니다", "The proposer cannot confirm")
    detail = Text("다른 사람이 확정해야 합니다. 바뀐 것은 없습니다.", "Another person must. Nothing was changed.")


class MailboxNotYours(NotPermitted):
    """Each office says for itself where its notices go, and its approver only confirms."""

    code = "mailbox-not-yours"
    title = Text("이 우편함을 제안하거나 확정할 수 없습니다", "The mailbox is not the caller's to propose or confirm")
    detail = Text(
        "자기 기관의 우편함만, 담당자가 제안하고 다른 사람이 확정합니다. 바뀐 것은 없습니다.",
        "An officer proposes the own office's mailbox, and another person of it confirms. Nothing was changed.",
    )


def office_of(role: str, tenant: str | None) -> str | None:
    """The office that a role acts for; none for whoever is of no office."""
    if role.startswith("municipality."):
        return tenant
    if role.startswith("province."):
        return PROVINCE
    return TECHNOPARK if role == "technopark.operator" else None


def name_of(office: str) -> Text:
    """An office's names; of a code that is none of them, the code itself."""
    return OFFICES.get(office, Text(office, office))


def confirm(mailbox: Mailbox, *, read_version: int, by: str, now: datetime) -> Mailbox:
    """A second person of the office says that notices go there from now on."""
    if mailbox.version != read_version:
        raise MailboxHasChanged(current_version=mailbox.version)
    if mailbox.state is not MailboxState.PROPOSED:
        raise MailboxDecided(state=mailbox.state.value)
    if mailbox.proposed_by == by:
        raise MailboxOwnProposal
    return replace(mailbox, state=MailboxState.CONFIRMED, confirmed_by=by, confirmed_at=now)
