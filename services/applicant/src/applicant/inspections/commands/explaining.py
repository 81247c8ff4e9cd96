"""How inspections are explained in the journal of their project."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from applicant.inspections.domain.evidence import Evidence
from common import journal
from common.auth import Principal
from common.db import Transaction
from common.journal import JsonValue


async def explain(
    tx: Transaction,
    project_id: UUID,
    decision: str,
    facts: Mapping[str, JsonValue],
    rule_version: str,
    *,
    evidence: Iterable[Evidence] = (),
    by: Principal,
    now: datetime,
) -> None:
    """One entry in the project's chain, under the version of the rules of inspections."""
    entry = journal.Entry(
        chain=f"project/{project_id}",
        decision=decision,
        facts=facts,
        rule_version=f"inspection/{rule_version}",
        evidence=[f"{each.kind.value}/sha256:{each.sha256}" for each in evidence],
    )
    await journal.record_many(tx, [entry], by=by, at=now)
