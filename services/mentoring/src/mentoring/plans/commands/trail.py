"""What the journal keeps of a plan."""

from datetime import datetime

from common import journal
from common.auth import Principal
from common.db import Transaction
from mentoring.plans.domain.plan import Plan


async def record(
    tx: Transaction, plan: Plan, decision: str, *, by: Principal, now: datetime, **facts: str | int | None
) -> None:
    await journal.record(
        tx,
        chain=f"mentor-plan/{plan.id}",
        decision=decision,
        by=by,
        at=now,
        facts={**facts, "plan_version": plan.version},
        rule_version=plan.rule_version,
        evidence=[f"sha256:{plan.input_sha256}"],
    )
