"""PostgreSQL protects the ledger: raw SQL as the service's own role and as the owner is tried, and refused.

Each attack runs in one transaction that is committed; afterwards every posted row must be as it was.
"""

import contextlib
import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common.db import Database, sqlstate
from tests.support.builders import project_selected, project_withdrawn
from tests.support.funding import JEONJU, Funding

LINE_WON, SHARE_WON = 60_000_000, 50_526_315

NEW = "INSERT INTO ledger_transfer (id, kind, project_id, programme_at) VALUES (:new, 'COMMITMENT', :other, now())"
NEW_REVERSAL = """
    INSERT INTO ledger_transfer (id, kind, project_id, reverses_transfer_id, programme_at)
    VALUES (:new, 'REVERSAL', :project, {reverses}, now())
"""


def entry(account: str, amount_won: int, transfer: str = ":new") -> str:
    return (
        f"INSERT INTO ledger_entry (transfer_id, account_id, amount_won) VALUES ({transfer}, :{account}, {amount_won})"
    )


UPSERT = """
    INSERT INTO ledger_entry SELECT * FROM ledger_entry
    ON CONFLICT (transfer_id, account_id) DO UPDATE SET amount_won = excluded.amount_won * 2
"""
MERGE = """
    MERGE INTO ledger_entry e USING ledger_entry o ON e.transfer_id = o.transfer_id AND e.account_id = o.account_id
    WHEN MATCHED THEN UPDATE SET amount_won = 5
"""

CHANGES = {
    "change an amount": ["UPDATE ledger_entry SET amount_won = amount_won + 1"],
    "change no row at all": ["UPDATE ledger_entry SET amount_won = 1 WHERE FALSE"],
    "move a transfer in time": ["UPDATE ledger_transfer SET programme_at = now()"],
    "claim an old transfer as one's own": [
        "UPDATE ledger_transfer SET created_in = pg_current_xact_id()::text::bigint"
    ],
    "change by upsert": [UPSERT],
    "change by merge": [MERGE],
    "delete the entries": ["DELETE FROM ledger_entry"],
    "delete a transfer": ["DELETE FROM ledger_transfer WHERE id = :posted"],
    "truncate the entries": ["TRUNCATE ledger_entry"],
    "truncate everything": ["TRUNCATE ledger_transfer CASCADE"],
    "change a balance": ["UPDATE ledger_account SET balance_won = balance_won + 1 WHERE kind = 'AVAILABLE'"],
    "give an account to another": ["UPDATE ledger_account SET municipality_code = '52110'"],
    "delete an account": ["DELETE FROM ledger_account"],
    "switch triggers off for the session": ["SET session_replication_role = replica", "DELETE FROM ledger_entry"],
}
ADDITIONS = {
    "a pair of entries for an old transfer": [entry("pledge", -5, ":appropriation"), entry("pledged", 5, ":appropriation")],
    "an entry for an old transfer behind a savepoint": ["SAVEPOINT s", entry("pledge", -5, ":appropriation")],
    "a transfer without entries": [NEW],
    "one entry alone": [NEW, entry("pledged", 5)],
    "entries that do not sum to zero": [NEW, entry("pledge", -5), entry("pledged", 6)],
    "an entry of nothing": [NEW, entry("pledge", 0), entry("pledged", 0)],
    "an entry after the sum was checked early": [
        NEW, entry("pledge", -5), entry("pledged", 5), "SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED",
        entry("committed", 7),
    ],
    "more than the line has left": [
        NEW, entry("available", -(LINE_WON - SHARE_WON + 1)), entry("committed", LINE_WON - SHARE_WON + 1),
        "UPDATE budget_line SET committed_won = amount_won, version = version + 1 WHERE id = :line",
    ],
    "a commitment behind the counter's back": [NEW, entry("available", -5), entry("committed", 5)],
    "an appropriation nobody confirmed": [
        "INSERT INTO ledger_transfer (id, kind, programme_at) VALUES (:new, 'APPROPRIATION', now())",
        entry("granted", -5), entry("available", 5),
    ],
    "a second commitment of one project": [
        NEW.replace(":other", ":project"), entry("pledge", -5), entry("pledged", 5),
    ],
    "an account with money from nowhere": [
        "INSERT INTO ledger_account (id, kind, project_id, balance_won) VALUES (:new, 'SME_PLEDGE', :other, -9)",
        "INSERT INTO ledger_account (id, kind, project_id, balance_won) VALUES (:other, 'SME_COMMITTED', :other, 9)",
        "UPDATE ledger_account SET balance_won = 9 WHERE id = :other",
    ],
    "a reversal that gives back less": [
        NEW_REVERSAL.format(reverses=":posted"), entry("committed", -5), entry("available", 5),
    ],
    "a reversal that names nothing": [NEW_REVERSAL.format(reverses="NULL"), entry("pledge", -5), entry("pledged", 5)],
    "a second reversal": [
        NEW_REVERSAL.format(reverses=":reversed"),
        "INSERT INTO ledger_entry SELECT :new, account_id, -amount_won FROM ledger_entry WHERE transfer_id = :reversed",
    ],
    "a reversal of a reversal": [
        NEW_REVERSAL.format(reverses=":reversal"),
        "INSERT INTO ledger_entry SELECT :new, account_id, -amount_won FROM ledger_entry WHERE transfer_id = :reversal",
    ],
}  # fmt: skip
COUNTERS = {
    "a counter above the budget": [
        "UPDATE budget_line SET committed_won = amount_won + 1, version = version + 1 WHERE id = :line"
    ],
    "a counter below nothing": ["UPDATE budget_line SET committed_won = -1, version = version + 1 WHERE id = :line"],
    "a counter off by one won": [
        "UPDATE budget_line SET committed_won = committed_won - 1, version = version + 1 WHERE id = :line"
    ],
    "a larger budget": ["UPDATE budget_line SET amount_won = amount_won + 1, version = version + 1 WHERE id = :line"],
    "a change without a version": ["UPDATE budget_line SET confirmed_by = 'me' WHERE id = :line"],
    "one person in both roles": ["UPDATE budget_line SET confirmed_by = proposed_by, version = version + 1"],
    "a line less": ["DELETE FROM budget_line"],
    "another split after its confirmation": ["UPDATE split_rule SET rates = '[]'"],
    "a rule less": ["DELETE FROM split_rule"],
}
ONLY_THE_APP = {
    "triggers off": ["ALTER TABLE ledger_entry DISABLE TRIGGER ALL"],
    "no table": ["DROP TABLE ledger_entry"],
    "another decision": ["UPDATE commitment SET total_cost_won = 1"],
    "a decision less": ["DELETE FROM commitment_share"],
    "a table of the same name in front": ["CREATE TEMP TABLE ledger_transfer (id uuid, created_in bigint)"],
}
ONLY_THE_OWNER = {
    "a table of the same name in front": [
        "CREATE TEMP TABLE ledger_transfer (id uuid, created_in bigint)",
        "INSERT INTO pg_temp.ledger_transfer VALUES (:appropriation, pg_current_xact_id()::text::bigint)",
        entry("pledge", -5, ":appropriation"),
    ],
}

GUARDS = {
    "change an amount": ["ALTER TABLE ledger_entry DISABLE TRIGGER ledger_entry_keeps"],
    "move a transfer in time": ["ALTER TABLE ledger_transfer DISABLE TRIGGER ledger_transfer_keeps"],
    "a pair of entries for an old transfer": ["ALTER TABLE ledger_entry DISABLE TRIGGER ledger_entry_seal"],
    "a transfer without entries": ["ALTER TABLE ledger_transfer DISABLE TRIGGER ledger_transfer_sums"],
    "an entry after the sum was checked early": [
        "ALTER TABLE ledger_entry DISABLE TRIGGER ledger_entry_sums",
        "ALTER TABLE ledger_account DISABLE TRIGGER budget_line_agrees",
    ],
    "more than the line has left": [
        "ALTER TABLE ledger_account DROP CONSTRAINT ledger_account_side_check",
        "ALTER TABLE ledger_account DISABLE TRIGGER budget_line_agrees",
        "ALTER TABLE budget_line DISABLE TRIGGER budget_line_agrees",
    ],
    "a commitment behind the counter's back": ["ALTER TABLE ledger_account DISABLE TRIGGER budget_line_agrees"],
    "give an account to another": ["ALTER TABLE ledger_account DISABLE TRIGGER ledger_account_guard"],
    "a second commitment of one project": ["DROP INDEX ledger_transfer_one_commitment_idx"],
    "a second reversal": [
        "ALTER TABLE ledger_transfer DROP CONSTRAINT ledger_transfer_reverses_transfer_id_key",
        "ALTER TABLE ledger_account DROP CONSTRAINT ledger_account_side_check",
        "ALTER TABLE ledger_account DISABLE TRIGGER budget_line_agrees",
    ],
    "a counter off by one won": ["ALTER TABLE budget_line DISABLE TRIGGER budget_line_agrees"],
    "a counter above the budget": [
        "ALTER TABLE budget_line DROP CONSTRAINT budget_line_committed_check",
        "ALTER TABLE budget_line DISABLE TRIGGER budget_line_agrees",
    ],
    "a change without a version": ["ALTER TABLE budget_line DISABLE TRIGGER budget_line_guard"],
    "one person in both roles": ["ALTER TABLE budget_line DROP CONSTRAINT budget_line_two_people_check"],
    "another split after its confirmation": ["ALTER TABLE split_rule DISABLE TRIGGER split_rule_guard"],
}
"""Which guards stand behind an attack: without them, and only then, it comes through."""

_REFUSALS = {"42501", "23001", "23514", "23505"}  # rights and guards, restrict, check, unique: never a slip of the SQL


@dataclass
class Posted:
    """A service with a commitment that stands, one that was reversed, and the ids an attack may name."""

    funding: Funding
    names: dict[str, Any]

    async def snapshot(self) -> list[Any]:
        tables = ("ledger_transfer", "ledger_entry", "ledger_account", "budget_line", "split_rule", "commitment")
        return [await self.funding.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]

    def named_in(self, statement: str) -> dict[str, Any]:
        return {name: self.names[name] for name in re.findall(r"(?<!:):([a-z]+)", statement)}

    async def attack(self, database: Database, statements: list[str]) -> str | None:
        """The SQLSTATE of the refusal, or none when the transaction was committed."""
        try:
            async with database.transaction() as tx:
                for statement in statements:
                    await tx.execute(text(statement), self.named_in(statement))
        except DBAPIError as refusal:
            return sqlstate(refusal)
        return None


class _Undone(Exception):
    """Takes an attack that came through back."""


@pytest.fixture(scope="module")
async def posted(shared: Funding) -> Posted:
    """One for all attacks, since each must leave it as it was."""
    return await _posted(shared)


async def _posted(funding: Funding) -> Posted:
    await funding.confirmed_rule()
    line = await funding.confirmed_line(LINE_WON)
    await funding.confirmed_line(LINE_WON, JEONJU)
    undone, selected = project_selected(), project_selected()
    await funding.deliver(undone, project_withdrawn(undone), selected)
    names: dict[str, Any] = {
        "line": UUID(line), "project": selected.project_id, "new": UUID(int=1), "other": UUID(int=2),
    }  # fmt: skip
    transfers = await funding.rows("SELECT id, kind, project_id FROM ledger_transfer")
    for transfer in transfers:
        if transfer["kind"] == "APPROPRIATION":
            names["appropriation"] = transfer["id"]
        elif transfer["kind"] == "REVERSAL":
            names["reversal"] = transfer["id"]
        else:
            names["posted" if transfer["project_id"] == selected.project_id else "reversed"] = transfer["id"]
    kinds = {
        "APPROPRIATION": "granted", "AVAILABLE": "available", "COMMITTED": "committed", "SME_PLEDGE": "pledge",
        "SME_COMMITTED": "pledged",
    }  # fmt: skip
    for account in await funding.rows("SELECT id, kind, budget_line_id, project_id FROM ledger_account"):
        if names["line"] == account["budget_line_id"] or names["project"] == account["project_id"]:
            names[kinds[account["kind"]]] = account["id"]
    return Posted(funding, names)


@pytest.mark.parametrize("role", ["app", "owner"])
@pytest.mark.parametrize("statements", [pytest.param(v, id=k) for k, v in (CHANGES | ADDITIONS | COUNTERS).items()])
@pytest.mark.promise("R20", "I1")
async def test_raw_sql_cannot_bend_what_is_posted(posted: Posted, role: str, statements: list[str]):
    before = await posted.snapshot()
    database = posted.funding.database if role == "app" else posted.funding.owner

    refused = await posted.attack(database, statements)

    assert refused in _REFUSALS
    assert await posted.snapshot() == before


@pytest.mark.parametrize("statements", [pytest.param(v, id=k) for k, v in ONLY_THE_APP.items()])
async def test_the_apps_role_has_no_right_to_it(posted: Posted, statements: list[str]):
    before = await posted.snapshot()

    assert await posted.attack(posted.funding.database, statements) == "42501"
    assert await posted.snapshot() == before


@pytest.mark.parametrize("statements", [pytest.param(v, id=k) for k, v in ONLY_THE_OWNER.items()])
@pytest.mark.promise("I1")
async def test_the_owner_cannot_deceive_the_triggers(posted: Posted, statements: list[str]):
    before = await posted.snapshot()

    assert await posted.attack(posted.funding.owner, statements) in _REFUSALS
    assert await posted.snapshot() == before


@pytest.mark.parametrize("role", ["app", "owner"])
async def test_an_honest_transfer_by_raw_sql_is_accepted(funding: Funding, role: str):
    """The control: what the attacks do wrongly is refused for that, not because nothing is ever accepted."""
    posted = await _posted(funding)
    database = posted.funding.database if role == "app" else posted.funding.owner
    honest = [
        NEW,
        entry("available", -5),
        entry("committed", 5),
        "UPDATE budget_line SET committed_won = committed_won + 5, version = version + 1 WHERE id = :line",
    ]

    assert await posted.attack(database, honest) is None
    assert (await posted.funding.money())[str(posted.names["line"])] == (
        SHARE_WON + 5, LINE_WON - SHARE_WON - 5, SHARE_WON + 5, LINE_WON - SHARE_WON - 5,
    )  # fmt: skip


@pytest.mark.parametrize("attack", GUARDS)
async def test_without_its_guard_the_attack_comes_through(posted: Posted, attack: str):
    """The proof that each attack is refused by the guard that is meant to, and that this file would notice its loss."""
    checked = [*GUARDS[attack], *(CHANGES | ADDITIONS | COUNTERS)[attack], "SET CONSTRAINTS ALL IMMEDIATE"]

    with contextlib.suppress(_Undone):
        async with posted.funding.owner.transaction() as tx:
            for statement in checked:
                await tx.execute(text(statement), posted.named_in(statement))
            raise _Undone
