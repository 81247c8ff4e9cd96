"""A reservation is resolved once and whole, whoever writes SQL: tried as the service's own role on a line that has money."""

from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common.event import new_id
from tests.support.funding import Funding
from tests.support.releases import ask_tranche, budgets, in_force, read

pytestmark = pytest.mark.anyio

_NEW = """
    INSERT INTO ledger_transfer (id, kind, project_id, resolves_transfer_id, reverses_transfer_id, programme_at)
    SELECT :new, '{kind}', project_id, {resolves}, {reverses}, now() FROM release WHERE id = :release
"""
_ENTRY = """
    INSERT INTO ledger_entry (transfer_id, account_id, amount_won)
    SELECT :new, a.id, {amount} FROM release r JOIN ledger_account a USING (budget_line_id)
     WHERE r.id = :release AND a.kind = '{account}'
"""


def transfer(
    kind: str, *entries: tuple[str, str], resolves: str = "reservation_id", reverses: str = "NULL"
) -> list[str]:
    made = [_NEW.format(kind=kind, resolves=resolves, reverses=reverses)]
    return made + [_ENTRY.format(account=account, amount=amount) for account, amount in entries]


ATTACKS = {
    "less is paid than was reserved": transfer(
        "DISBURSEMENT", ("PENDING", "1 - amount_won"), ("PAID", "amount_won - 1")
    ),
    "less is given back": transfer("VOID", ("PENDING", "1 - amount_won"), ("COMMITTED", "amount_won - 1")),
    "it is given back as if it had been paid": transfer("VOID", ("PENDING", "-amount_won"), ("PAID", "amount_won")),
    "it is paid without a reservation": transfer("DISBURSEMENT", ("COMMITTED", "-1"), ("PAID", "1"), resolves="NULL"),
    "it is paid by a commitment": transfer("COMMITMENT", ("PENDING", "-1"), ("PAID", "1"), resolves="NULL"),
    "money is reserved out of what is left of the budget": transfer(
        "RESERVATION", ("AVAILABLE", "-1"), ("PENDING", "1"), resolves="NULL"
    ),
    "a reservation is reversed": transfer(
        "REVERSAL", ("PENDING", "-amount_won"), ("COMMITTED", "amount_won"), resolves="NULL", reverses="reservation_id"
    ),
    "an entry follows the check": [
        *transfer("DISBURSEMENT", ("PENDING", "-amount_won"), ("PAID", "amount_won")),
        "SET CONSTRAINTS ALL IMMEDIATE",
        _ENTRY.format(account="COMMITTED", amount="1"),
    ],
    "it is both paid and given back": [
        *transfer("DISBURSEMENT", ("PENDING", "-amount_won"), ("PAID", "amount_won")),
        *(each.replace(":new", ":other") for each in transfer("VOID", ("PENDING", "-1"), ("COMMITTED", "1"))),
    ],
}


@pytest.mark.promise("R22", "I1")
async def test_raw_sql_resolves_no_reservation_twice_in_part_or_from_elsewhere(funding: Funding):
    await budgets(funding)
    await in_force(funding)
    release = (await ask_tranche(funding, await in_force(funding))).json()
    before = await funding.rows("SELECT id, balance_won FROM ledger_account ORDER BY id")
    values = {"new": new_id(), "other": new_id(), "release": UUID(release["id"])}

    async def attacked(statements: list[str]) -> None:
        async with funding.database.transaction() as tx:
            for statement in statements:
                given = {name: each for name, each in values.items() if f":{name}" in statement}
                await tx.execute(text(statement), given)

    for attack, statements in ATTACKS.items():
        with pytest.raises(DBAPIError):
            await attacked(statements)
        after = await funding.rows("SELECT id, balance_won FROM ledger_account ORDER BY id")
        assert after == before, attack
    assert await read(funding, release) == release
