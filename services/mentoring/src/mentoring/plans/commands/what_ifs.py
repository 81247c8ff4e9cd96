"""What-ifs of a plan: asked for by the mentor lead, answered by the worker; they change nothing."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from common.auth import Principal
from common.db import Transaction
from common.event import new_id
from mentoring.plans import store
from mentoring.plans.commands import trail
from mentoring.plans.domain import what_if as what_ifs
from mentoring.plans.domain.input import PlanInput, read_input
from mentoring.plans.domain.matching import Matching
from mentoring.plans.domain.plan import Plan
from mentoring.plans.domain.what_if import WhatIf, WhatIfState


async def ask_what_if(
    tx: Transaction,
    plan_id: UUID,
    *,
    like_team_id: UUID,
    mentor_ids: Sequence[UUID],
    rotations: Sequence[tuple[date, int]],
    by: Principal,
    now: datetime,
) -> UUID:
    """Ask what a team would change that is not there."""
    plan = await store.get_locked(tx, plan_id)
    asked = WhatIf(
        id=new_id(),
        plan_id=plan_id,
        like_team_id=like_team_id,
        mentor_ids=tuple(sorted(set(mentor_ids))),
        rotations=tuple(sorted(rotations)),
        requested_by=by.person,
        requested_at=now,
    )
    asked = what_ifs.ask(plan, read_input(plan.given), asked, before=await store.count_what_ifs(tx, plan_id))
    await store.add_what_if(tx, asked)
    await trail.record(tx, plan, "what-if-asked", by=by, now=now, what_if_id=str(asked.id))
    return asked.id


async def begin_what_if(tx: Transaction, *, lease_seconds: float) -> tuple[WhatIf, Plan] | None:
    """The next what-if to answer with its plan; what ended the worker in it too often is given up."""
    found = await store.next_what_if(tx)
    if found is None:
        return None
    begun = what_ifs.attempt(found)
    await store.save_what_if(tx, begun, lease_seconds=lease_seconds)
    return begun, await store.get_locked(tx, found.plan_id)


def given_of(plan: Plan, what_if: WhatIf) -> PlanInput:
    """What is to be matched."""
    return what_ifs.vary(read_input(plan.given), what_if)


async def settle_what_if(tx: Transaction, what_if_id: UUID, plan: Plan, found: Matching | str) -> None:
    """Keep the answer, or why there is none."""
    held = await store.get_what_if_locked(tx, what_if_id)
    if held.state is not WhatIfState.REQUESTED:
        return
    settled = what_ifs.fail(held, found) if isinstance(found, str) else what_ifs.answer(held, plan, found)
    await store.save_what_if(tx, settled)
