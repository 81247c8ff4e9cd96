"""The Technopark keeps the roll of the Forum's members, on the Forum's word: only who is on it coaches a firm."""

from datetime import datetime
from uuid import UUID

from applicant.forum.domain import courses as domain
from applicant.forum.domain.courses import Member
from applicant.forum.store import visits as store
from common import journal
from common.auth import Principal
from common.db import Transaction
from common.event import new_id


async def admit_member(
    tx: Transaction, *, subject: str, name: str, firm_name: str, by: Principal, now: datetime
) -> UUID:
    """Put somebody of a member firm on the roll."""
    member = Member(
        id=new_id(), subject=subject, name=name, firm_name=firm_name, admitted_by=by.person, admitted_at=now
    )
    await store.add_member(tx, member)
    await _journal(tx, member, "forum-member-admitted", by=by, now=now)
    return member.id


async def end_membership(tx: Transaction, member_id: UUID, *, read_version: int, by: Principal, now: datetime) -> None:
    """Take somebody off the roll; whom they coached stays known."""
    member = domain.leave(await store.get_member(tx, member_id), read_version=read_version, now=now)
    await _journal(tx, await store.save_departure(tx, member), "forum-member-left", by=by, now=now)


async def _journal(tx: Transaction, member: Member, decision: str, *, by: Principal, now: datetime) -> None:
    chain, facts = f"forum-member/{member.id}", {"version": member.version}
    await journal.record(tx, chain=chain, decision=decision, by=by, at=now, facts=facts)
