"""Drafts that are ready to be submitted, the requests that submit them, and the count of what came of it.

The drafts are put into the tables directly, since only their submission is measured; what the service then does with
them it does on its shipped route, with real tokens of three hundred companies' owners.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from common.event import new_id
from contracts.roles import Role
from tools.bench.ground import Ground, fresh_key
from tools.bench.http_load import request

COMPANIES = 300
READ_EVERY = 5
"""In the mix, one request of so many only reads."""

_TYPE, _PLACE = "JS2", "52130"
_ADD_COMPANIES = """
    INSERT INTO company (id, business_number, name, representative_name, size_class, ksic_code, ksic_revision,
        annual_sales_won, employees, supported_before, head_office_address, version)
    SELECT id, (1000000000 + n)::text, 'Bench ' || n, 'Synthetic', 'SMALL', 'C25924', '10', 3000000000, 15, false,
        'Bench', 1
    FROM unnest($1::uuid[]) WITH ORDINALITY AS made (id, n)
"""
ADD_CALL = """
    INSERT INTO call (id, state, track, fiscal_year, opens_at, closes_at, terms, proposers, published_at, published_by,
        committee_date, committee_resolution_number, version)
    VALUES ($1, 'PUBLISHED', 'B', 2026, $2, $3, $4, '{operator}', $2, 'approver', '2026-01-05', '2026-1', 1)
"""
ADD_DRAFTS = """
    WITH place AS (
        INSERT INTO worksite (id, company_id, name, code_as_written, recorded_on, municipality_code, address,
            manufacturing_floor_m2, in_industrial_complex, version)
        SELECT uuidv7(), ($1::uuid[])[1 + n % array_length($1::uuid[], 1)], 'Bench ' || uuidv7(), '52130', '2026-01-01',
            '52130', 'Bench', 800, true, 1
        FROM generate_series(1, $2) AS n
        RETURNING id, company_id
    )
    INSERT INTO application (id, company_id, call_id, fiscal_year, type_code, worksite_id, municipality_code,
        total_cost_won, plan, status, created_at, version)
    SELECT uuidv7(), company_id, $3, 2026, 'JS2', id, '52130', 60000000, $4, 'DRAFT', now(), 1 FROM place
    RETURNING id, company_id
"""
_EMPTY = """
    TRUNCATE application, worksite, outbox, outbox_sequence, idempotency_key, journal_entry, journal_head CASCADE
"""
_COUNT = """
    SELECT
        (SELECT count(*) FROM application WHERE status = 'SUBMITTED') AS submitted,
        (SELECT count(*) FROM outbox) AS told,
        (SELECT count(DISTINCT key) FROM outbox WHERE sequence = 1) AS keys,
        (SELECT count(*) FROM journal_entry WHERE decision = 'application-submitted') AS explained,
        (SELECT count(*) FROM idempotency_key WHERE status = 201) AS kept
"""


@dataclass
class Applications:
    """The applicant service's data for one run."""

    ground: Ground
    companies: list[UUID] = field(default_factory=list)
    tokens: dict[UUID, str] = field(default_factory=dict)
    call_id: UUID = field(default_factory=new_id)
    opened_at: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(days=1))

    async def prepare(self) -> None:
        """One published call and the companies, made once."""
        if self.companies:
            return
        self.companies = [new_id() for _ in range(COMPANIES)]
        opens = self.opened_at
        closes = opens + timedelta(days=60)
        async with self.ground.administrator("applicant") as admin:
            await admin.execute(_ADD_COMPANIES, self.companies)
            await admin.execute(ADD_CALL, self.call_id, opens, closes, terms(opens, closes))

    async def begin_round(self) -> None:
        """Empty tables, everything on disk, tokens of this moment."""
        await self.prepare()
        async with self.ground.administrator("applicant") as admin:
            await admin.execute(_EMPTY)
            await admin.execute("CHECKPOINT")
        self.tokens = {
            company: self.ground.issuer.token(
                role=Role.COMPANY_OWNER.value, tenant=str(company), subject=f"owner-{company}"
            )
            for company in self.companies
        }

    async def drafts(self, count: int) -> list[bytes]:
        """So many drafts, each as the request that submits it."""
        async with self.ground.administrator("applicant") as admin:
            rows = await admin.fetch(ADD_DRAFTS, self.companies, count, self.call_id, plan())
        return [self._submission(row["id"], row["company_id"]) for row in rows]

    async def four_to_one(self, count: int) -> list[bytes]:
        """So many requests, of which every fifth is a company's look at an application of its own."""
        submissions = await self.drafts(count - count // READ_EVERY)
        async with self.ground.administrator("applicant") as admin:
            rows = await admin.fetch(ADD_DRAFTS, self.companies, count // READ_EVERY, self.call_id, plan())
        reads = [self._reading(row["id"], row["company_id"]) for row in rows]
        some = READ_EVERY - 1
        pieces = [[*submissions[at * some : (at + 1) * some], one] for at, one in enumerate(reads)]
        return [request for piece in pieces for request in piece]

    async def counts(self) -> dict[str, int]:
        """What is in the tables: all of these numbers are the same when nothing was lost and nothing doubled."""
        async with self.ground.administrator("applicant") as admin:
            return dict(await admin.fetchrow(_COUNT))

    def _reading(self, application_id: UUID, company_id: UUID) -> bytes:
        headers = {"Authorization": f"Bearer {self.tokens[company_id]}"}
        return request("GET", f"/v1/applications/{application_id}", headers)

    def _submission(self, application_id: UUID, company_id: UUID) -> bytes:
        headers = {
            "Authorization": f"Bearer {self.tokens[company_id]}",
            "Idempotency-Key": fresh_key(),
            "If-Match": '"1"',
        }
        return request("POST", f"/v1/applications/{application_id}/submissions", headers)


def real_time() -> datetime:
    """Now, as the measured services and the commands of a cohort take it."""
    return datetime.now(UTC)


def fault_of(counts: dict[str, int], *, answered: int, refused: int) -> str:
    """Why a slice of submissions is void, or nothing: each 201 has one effect, event, entry and kept answer."""
    if refused:
        return f"{refused} requests were not answered with 201"
    wrong = [f"{name} {number}" for name, number in counts.items() if number != answered]
    return f"{answered} answered with 201, but {', '.join(wrong)}" if wrong else ""


def plan() -> str:
    """A plan of 60 million won, as the tables keep it."""
    told: dict[str, Any] = {
        "total_cost_won": 60_000_000,
        "project_title": "가공 라인 자동 집계",
        "plan_summary": "바코드와 센서로 집계",
        "plan_sha256": "a" * 64,
        "supplier_business_number": "1000000018",
        "self_pay_capacity_won": 50_000_000,
        "concurrent_project": False,
        "consents": dict.fromkeys(("data_use", "credit_information", "no_duplicate_aid", "no_kickback"), True),
    }
    return msgspec.json.encode(told).decode()


def terms(opens: datetime, closes: datetime, *, seats: int = 4, plenty: bool = False) -> str:
    """A call's terms, with so many places a municipality; `plenty` is money that no cohort can use up."""
    places = [f"52{place}" for place in range(110, 250, 10)]
    lines: Sequence[dict[str, object]] = [
        {"type_code": _TYPE, "municipality_code": place, "seats": seats} for place in places
    ]
    planned = [("PROVINCE", None, 1_000_000_000), ("MUNICIPALITY", _PLACE, 300_000_000)]
    if plenty:
        planned = [("PROVINCE", None, 10**15), *(("MUNICIPALITY", place, 10**15) for place in places)]
    told: dict[str, Any] = {
        "track": "B",
        "title_ko": "전북형 스마트 제조혁신",
        "title_en": "Track B",
        "fiscal_year": 2026,
        "opens_at": opens,
        "closes_at": closes,
        "split_rule_version": "b-2024",
        "types": [{"type_code": _TYPE, "cap_won": 80_000_000, "min_cost_won": 20_000_000}],
        "rates": [
            {"source": "PROVINCE", "rate_bp": 5508, "capped": True},
            {"source": "MUNICIPALITY", "rate_bp": 3213, "capped": True},
        ],
        "seat_lines": lines,
        "planned_budget_lines": [
            {"source": source, "municipality_code": place, "amount_won": won} for source, place, won in planned
        ],
        "panel_rule": {"size_min": 3, "trim_from": 5, "pass_mark": 6000, "bonus_cap": 0, "tie_break": []},
        "screening_rule_version": "2024-1",
        "supplement_days": 7,
    }
    return msgspec.json.encode(told).decode()
