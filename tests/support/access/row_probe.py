"""Asks PostgreSQL, as the role a service works as, which rows each caller sees and may write, and compares.

All of it happens in one transaction of the administrator's that is rolled back: rows are planted in tables that a world
leaves empty, and triggers are off, so that nothing but the policies can refuse a row.
"""

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import text

from common.acting import Acting
from common.db import Database, Transaction
from contracts.roles import COMPANY_ROLES, EVERY_ROLE, MUNICIPALITY_ROLES, Role
from tests.support.access.rows import TableRows
from tools.catalogue.permissions import PUBLIC

_MOST_ROWS = 40
NOBODY: Final = Acting("")
STRANGER: Final = Acting("no.such.role", "52", "stranger")

# The row as it is, once more: a policy refuses it (42501) before the unique key does (23505).
_TRY_WRITING = """
    DO $$
    DECLARE
        given jsonb;
        verdicts text[] := '{}';
    BEGIN
        FOR given IN SELECT * FROM jsonb_array_elements(current_setting('probe.rows')::jsonb) LOOP
            BEGIN
                EXECUTE format('INSERT INTO %1$I OVERRIDING SYSTEM VALUE'
                    ' SELECT * FROM jsonb_populate_record(NULL::%1$I, $1)', current_setting('probe.table'))
                    USING given;
                verdicts := verdicts || 'written'::text;
            EXCEPTION WHEN OTHERS THEN
                verdicts := verdicts || CASE SQLSTATE WHEN '42501' THEN 'refused' WHEN '23505' THEN 'allowed'
                    ELSE SQLSTATE || ' ' || SQLERRM END;
            END;
        END LOOP;
        PERFORM set_config('probe.verdicts', to_jsonb(verdicts)::text, true);
    END $$
"""


@dataclass(frozen=True)
class Row:
    """One row as JSON, and what an examiner finds about it for one caller."""

    content: str
    seen: bool
    writable: bool


@dataclass
class Probe:
    """One service's database in the administrator's open transaction; `asked` counts the rows compared."""

    tx: Transaction
    role: str
    asked: int = 0

    async def faults(self, tables: Mapping[str, TableRows], callers: Iterable[Acting]) -> list[str]:
        """Every difference between the file and the database, by table and caller."""
        who = list(callers)
        found = []
        # What was planted waits for triggers at the commit, and no trigger can be taken off a table until they have run.
        await self.tx.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        for name, entry in tables.items():
            if entry.open is None:
                await self.tx.execute(text(f'ALTER TABLE "{name}" DISABLE TRIGGER USER'))
                for acting in who:
                    found += [f"{name} {fault}" for fault in await self._compare(name, entry, acting)]
        return found

    async def weak(self, tables: Mapping[str, TableRows], callers: Iterable[Acting]) -> list[str]:
        """Tables in which no caller sees some rows and not others, though the file says that this can be."""
        who = list(callers)
        found = []
        for name, entry in tables.items():
            if any(condition != "true" for condition in entry.sees.values()):
                if not await self._hides_some(name, entry, who):
                    found.append(f"{name} has nothing to hide from anybody in this world")
            elif not entry.open and not await self._examined(name, entry, NOBODY):
                found.append(f"{name} is empty in this world")
        return found

    async def _hides_some(self, name: str, entry: TableRows, who: Iterable[Acting]) -> bool:
        for acting in who:
            if {row.seen for row in await self._examined(name, entry, acting)} == {True, False}:
                return True
        return False

    async def _compare(self, name: str, entry: TableRows, acting: Acting) -> list[str]:
        rows = await self._examined(name, entry, acting)
        async with self._as(acting):
            shown = {row[0] for row in await self.tx.execute(text(f'SELECT to_jsonb(t)::text FROM "{name}" AS t'))}
            verdicts = await self._try_writing(name, [row.content for row in rows])
        self.asked += len(rows)
        about = f"{acting.said.split(chr(31))}"
        faults = [f"shows {about} {row.content[:200]}" for row in rows if row.content in shown and not row.seen]
        faults += [f"hides from {about} {row.content[:200]}" for row in rows if row.seen and row.content not in shown]
        for row, verdict in zip(rows, verdicts, strict=True):
            if verdict != ("allowed" if row.writable else "refused"):
                faults.append(f"answers {verdict} to {about} writing {row.content[:200]}")
        return faults

    async def _examined(self, name: str, entry: TableRows, acting: Acting) -> list[Row]:
        sees, writes = entry.condition("sees", acting.role), entry.condition("writes", acting.role)
        if acting == NOBODY or acting.role not in {*EVERY_ROLE, PUBLIC}:
            sees = writes = "false"
        question = text(
            f"SELECT to_jsonb(t)::text, coalesce(({sees}), false), coalesce(({writes}), false)"
            # What was planted first: in a page that was tidied up it does not stand last.
            f' FROM "{name}" AS t ORDER BY t.xmin::text = pg_current_xact_id()::xid::text DESC, t.ctid DESC'
            f" LIMIT {_MOST_ROWS}"
        )
        actor = f"{acting.role}:{acting.tenant or '-'}:{acting.subject}"
        known = {"tenant": acting.tenant, "subject": acting.subject, "actor": actor}
        return [Row(*row) for row in await self.tx.execute(question, known)]

    async def _try_writing(self, name: str, rows: list[str]) -> list[str]:
        await self._set("probe.table", name)
        await self._set("probe.rows", f"[{','.join(rows)}]")
        await self.tx.exec_driver_sql(_TRY_WRITING)
        said = (await self.tx.execute(text("SELECT current_setting('probe.verdicts')"))).scalar_one()
        return list(json.loads(said))

    @asynccontextmanager
    async def _as(self, acting: Acting) -> AsyncIterator[None]:
        await self._set("smartfactory.caller", acting.said)
        await self.tx.execute(text(f"SET LOCAL ROLE {self.role}"))
        yield
        await self.tx.execute(text("RESET ROLE"))
        await self._set("smartfactory.caller", "")

    async def _set(self, name: str, value: str) -> None:
        await self.tx.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})


class _RolledBackError(Exception):
    """The end of every probe."""


@asynccontextmanager
async def probe(administrator_url: str, role: str, planted: Iterable[str] = ()) -> AsyncIterator[Probe]:
    """A probe of one database; nothing it does stays."""
    database = Database(administrator_url, application_name="probe", pool_size=1)
    try:
        async with database.transaction() as tx:
            await tx.execute(text("SET LOCAL statement_timeout = 0"))
            for statement in planted:
                await tx.exec_driver_sql(statement)
            yield Probe(tx, role)
            raise _RolledBackError
    except _RolledBackError:
        pass
    finally:
        await database.dispose()


def callers(companies: Iterable[str], municipalities: Iterable[str], subjects: Iterable[str]) -> list[Acting]:
    """Every role with every tenant it may have, some with a tenant of another kind, strangers, and nobody."""
    firms, places, people = list(companies), list(municipalities), list(subjects)
    found = [NOBODY, STRANGER, Acting(PUBLIC)]
    for role in sorted(EVERY_ROLE):
        tenants = firms if role in COMPANY_ROLES else places if role in MUNICIPALITY_ROLES else ["52"]
        # Who one is matters to those who see their own; elsewhere one person is as good as another.
        these = people if role in {Role.PANEL_MEMBER, Role.MENTOR} else people[:1]
        found += [Acting(str(role), tenant, subject) for tenant in tenants for subject in these]
    found += [Acting(str(role), places[0], people[0]) for role in sorted(COMPANY_ROLES)]
    found += [Acting(str(role), firms[0], people[0]) for role in sorted(MUNICIPALITY_ROLES)]
    return found


def planted_rows(service: str) -> list[str]:
    """Rows for the tables that the worlds leave empty, of two owners where there are owners."""
    return [*_COMMON_ROWS, *_ROWS.get(service, ())]


_COMMON_ROWS = (
    """
    INSERT INTO outbox (event_id, type, topic, key, sequence, payload, occurred_at, correlation_id)
    VALUES (gen_random_uuid(), 'planted', 'planted', gen_random_uuid(), 1, '', now(), 'planted')
    """,
    """
    INSERT INTO journal_entry (chain, position, decision, actor, evidence, facts, decided_at, recorded_at, body, hash)
    VALUES ('planted', 1, 'planted', 'planted', '{}', '{}', now(), now(), '', '')
    """,
    """
    INSERT INTO journal_note (id, chain, words, salt, recorded_at)
    VALUES (gen_random_uuid(), 'planted', 'planted', '', now())
    """,
    """
    INSERT INTO idempotency_key (issuer, subject, method, route, key, fingerprint)
    SELECT 'planted', actor, 'POST', '/', 'planted', ''
    FROM unnest(ARRAY['supplier:52:one', 'supplier:52:two', 'supplier:-:one', 'public:-:']) AS actor
    """,
    """
    INSERT INTO token_denial (issuer, subject, role, tenant, issued_until)
    SELECT 'planted', 'one', role, tenant, now()
    FROM (VALUES ('mentor', '52'), ('municipality.officer', '52110'), ('municipality.client', '52130'), (NULL, NULL))
        AS ended (role, tenant)
    """,
)
_ROWS: Mapping[str, tuple[Any, ...]] = {
    "applicant": (
        """
        INSERT INTO reinstatement
        SELECT id, call_id, company_id, type_code, municipality_code, 1, '{}', now() FROM application
        WHERE call_id IN (SELECT call_id FROM selection)
        """,
        """
        INSERT INTO token_denial (issuer, subject, role, tenant, issued_until)
        SELECT 'planted', 'one', 'company.staff', id, now() FROM company
        """,
        """
        INSERT INTO ranking_request (id, call_id, issuer, subject, role, tenant, correlation_id, requested_at, state)
        SELECT gen_random_uuid(), call_id, 'planted', 'one', 'technopark.operator', 'jtp', 'planted', now(), 'REQUESTED'
        FROM (SELECT DISTINCT call_id FROM ranking) AS ranked
        """,
        """
        INSERT INTO selection_decision (id, call_id, number, issuer, subject, role, tenant, correlation_id,
            requested_at, cases, told, state)
        SELECT gen_random_uuid(), call_id, number, 'planted', 'one', 'province.approver', '52', 'planted', now(), 2, 0,
            'REQUESTED'
        FROM ranking
        """,
        """
        INSERT INTO known_balance VALUES (gen_random_uuid(), 'MUNICIPALITY', '52130', 2024, 'B', 1, 1)
        """,
        """
        INSERT INTO conflict_of_interest
        SELECT gen_random_uuid(), application_id, panel_member.id, 'SELF_WITHDRAWAL', '', now()
        FROM panel_case JOIN panel_member USING (panel_id) ON CONFLICT DO NOTHING
        """,
        """
        INSERT INTO course_enrolment (course_id, company_id, enrolled_at)
        SELECT course.id, company.id, now() FROM course, company ON CONFLICT DO NOTHING
        """,
        """
        INSERT INTO disclosure (id, issuer, subject, role, tenant, access_point, data_subject, action)
        SELECT gen_random_uuid(), 'planted', 'one', role, tenant, '127.0.0.1', 'company/planted', 'getCompany'
        FROM (VALUES ('auditor', '52'), ('auditor', NULL), ('municipality.officer', '52130')) AS read (role, tenant)
        """,
    ),
    "funding": (
        # Whether they would stand is not asked here; the probe turns triggers off before it looks, and nothing may wait.
        "ALTER TABLE release_lapse DISABLE TRIGGER USER",
        "ALTER TABLE settlement_line DISABLE TRIGGER USER",
        """
        INSERT INTO release_lapse
        SELECT project_id, source, 1, (SELECT id FROM ledger_transfer
                WHERE ledger_transfer.project_id = release_line.project_id AND kind = 'COMMITMENT'), now()
          FROM release_line WHERE source = 'PROVINCE'
        """,
        """
        INSERT INTO settlement_line SELECT id, 'SME', 1, total_cost_won, 0, 0, 0, 0, 0 FROM settlement
        """,
        "INSERT INTO early_withdrawal SELECT project_id, call_id, municipality_code, now() FROM commitment",
    ),
    "mentoring": (
        """
        INSERT INTO team_rotation (id, team_id, first_week, weeks, project_id, plan_id)
        SELECT gen_random_uuid(), mentor_team.id, date '2025-01-06' + 70 * row_number() OVER ()::int, 6, project_id,
            gen_random_uuid()
        FROM waiting_project, (SELECT id FROM mentor_team ORDER BY id LIMIT 1) AS mentor_team
        """,
        """
        INSERT INTO plan_what_if (id, plan_id, asked, requested_by, requested_at, state, attempts)
        SELECT gen_random_uuid(), id, '{}', 'planted one', now(), 'REQUESTED', 0 FROM mentor_plan
        """,
    ),
    "metrics": (
        """
        INSERT INTO project_progress
        SELECT gen_random_uuid(), gen_random_uuid(), call_id, 'JS2', place, 'SELECTED', false, now()
        FROM call, unnest(ARRAY['52110', '52130']) AS place
        """,
        """
        INSERT INTO commitment
        SELECT project_id, call_id, municipality_code, 'COMMITTED', 100, NULL, now() FROM project_progress
        """,
        "INSERT INTO commitment_share SELECT project_id, 'SME', NULL, 13 FROM commitment",
        """
        INSERT INTO budget_line
        SELECT gen_random_uuid(), 'MUNICIPALITY', place, 2024, 'B', 1000, 900, 1
        FROM unnest(ARRAY['52110', '52130']) AS place
        """,
        "INSERT INTO carried_over SELECT budget_line_id, municipality_code, 1, 0, now() FROM budget_line",
        """
        INSERT INTO disbursement
        SELECT gen_random_uuid(), project_id, municipality_code, 'PROVINCE', 7, 'POSTED', false, now()
        FROM project_progress
        """,
        "INSERT INTO lapsed_share SELECT project_id, 'PROVINCE', municipality_code, 1 FROM project_progress",
        """
        INSERT INTO partner_event
            (event_id, caused_by, type, topic, key, data, occurred_at, position, sequence, recorded_at)
        SELECT gen_random_uuid(), gen_random_uuid(), 'planted', 'planted', gen_random_uuid(), '{}', now(), place, place,
            CASE WHEN place IS NOT NULL THEN now() END
        FROM unnest(ARRAY[1000000, NULL]) AS place
        """,
        """
        INSERT INTO outcome_reading
        SELECT gen_random_uuid(), now(), 'planted', 'one', role, tenant, '127.0.0.1', 'getOutcomeReport', '{}', 1, NULL
        FROM (VALUES ('auditor', '52'), ('auditor', NULL), ('municipality.officer', '52130')) AS read (role, tenant)
        """,
        """
        INSERT INTO outcome_wave_closing
        SELECT gen_random_uuid(), 'YEAR_1', gen_random_uuid(), '52110', '2025-03-31', '2025-04-01T00:00+09:00',
            'RESPONDED', 'planted'
        """,
        """
        INSERT INTO web_session
        SELECT sha256('planted'), 'planted', 'planted', 'auditor', '52', 'planted', now(), now(), now(), now(), NULL, 1
        """,
        """
        INSERT INTO kept_form (id_hash, owner, sealed, kept_at, ends_at)
        SELECT sha256('planted'), 'planted', 'planted', now(), now()
        """,
        "INSERT INTO settled_share SELECT project_id, 'PROVINCE', municipality_code, 1 FROM project_progress",
        """
        INSERT INTO repayment
        SELECT gen_random_uuid(), project_id, municipality_code, 'PROVINCE', 'SETTLEMENT', 1, 0, 0, 0, 'ORDERED', now()
        FROM project_progress
        """,
    ),
}
