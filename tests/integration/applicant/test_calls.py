"""Calls over HTTP: two people and a committee publish one, and then nobody changes it."""

from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from contracts.roles import Role
from tests.support.applicant import APPROVER, AUDITOR, OPENS, OPERATOR, Applicant, Person, an_owner, call_body

COMMITTEE = {"committee_date": "2024-03-05", "committee_resolution_number": "2024-7"}


async def test_a_draft_is_for_staff_and_a_published_call_for_everybody(applicant: Applicant) -> None:
    applicant.clock.move_to(OPENS)
    draft = await applicant.made("/v1/calls", call_body(), by=OPERATOR)
    path = f"/v1/calls/{draft['id']}"
    assert (await applicant.get(path)).status_code == 404
    assert (await applicant.get(path, an_owner())).status_code == 404
    assert (await applicant.get(path, AUDITOR)).json()["state"] == "DRAFT"
    assert (await applicant.get("/v1/calls")).json()["items"] == []

    published = await applicant.post(f"{path}/publications", COMMITTEE, by=APPROVER, version=1)
    assert published.status_code == 201
    shown = (await applicant.get(path)).json()
    assert (shown["state"], shown["version"]) == ("PUBLISHED", 2)
    assert shown["closes_at"] == "2024-04-03T17:00:00+09:00"
    assert [call["id"] for call in (await applicant.get("/v1/calls", fiscal_year=2024)).json()["items"]] == [
        draft["id"]
    ]
    assert (await applicant.get("/v1/calls", track="A")).json()["items"] == []
    assert await applicant.told(draft["id"]) == ["call.published.v1"]
    told = await applicant.rows("SELECT convert_from(payload, 'UTF8')::jsonb -> 'rates' AS rates FROM outbox")
    assert told == [{"rates": shown["rates"]}]
    decisions = await applicant.rows("SELECT decision FROM journal_entry ORDER BY id")
    assert [row["decision"] for row in decisions] == ["call-drafted", "call-published"]


async def test_a_published_call_refuses_every_change(applicant: Applicant) -> None:
    call_id = await applicant.published_call()
    edited = await applicant.change("PUT", f"/v1/calls/{call_id}", call_body(), by=OPERATOR, version=2)
    assert (edited.status_code, edited.json()["code"]) == (409, "call-is-published")
    again = await applicant.post(f"/v1/calls/{call_id}/publications", COMMITTEE, by=APPROVER, version=2)
    assert again.json()["code"] == "call-is-published"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE call SET closes_at = closes_at + interval '1 day'",
        "UPDATE call SET state = 'DRAFT', published_at = NULL, published_by = NULL",
        "UPDATE call SET terms = jsonb_set(terms, '{fiscal_year}', '2025')",
        "DELETE FROM call",
        "TRUNCATE call CASCADE",
    ],
)
async def test_raw_sql_as_the_service_itself_cannot_change_a_published_call(
    applicant: Applicant, statement: str
) -> None:
    call_id = await applicant.published_call()
    with pytest.raises(DBAPIError) as refused:
        async with applicant.database.transaction() as tx:
            await tx.execute(text(statement))
    assert refused.value.orig is not None
    assert getattr(refused.value.orig, "sqlstate", None) == "42501"
    found = await applicant.rows("SELECT state FROM call WHERE id = :id", id=UUID(call_id))
    assert [row["state"] for row in found] == ["PUBLISHED"]


async def test_whoever_edited_the_draft_may_not_publish_it(applicant: Applicant) -> None:
    applicant.clock.move_to(OPENS)
    draft = await applicant.made("/v1/calls", call_body(), by=OPERATOR)
    path = f"/v1/calls/{draft['id']}"
    second = Person(Role.TECHNOPARK_OPERATOR, "jtp", APPROVER.subject)
    assert (await applicant.change("PUT", path, call_body(), by=second, version=1)).status_code == 200

    refused = await applicant.post(f"{path}/publications", COMMITTEE, by=APPROVER, version=2)
    assert (refused.status_code, refused.json()["code"]) == (403, "proposer-may-not-publish")
    other = Person(Role.PROVINCE_APPROVER, "52", "another-approver")
    assert (await applicant.post(f"{path}/publications", COMMITTEE, by=other, version=2)).status_code == 201


async def test_the_version_read_is_the_version_decided_on(applicant: Applicant) -> None:
    applicant.clock.move_to(OPENS)
    draft = await applicant.made("/v1/calls", call_body(), by=OPERATOR)
    path = f"/v1/calls/{draft['id']}"
    edited = await applicant.change("PUT", path, call_body(supplement_days=3), by=OPERATOR, version=1)
    assert edited.headers["etag"] == '"2"'
    stale = await applicant.post(f"{path}/publications", COMMITTEE, by=APPROVER, version=1)
    assert (stale.status_code, stale.json()["current_version"]) == (412, 2)
    assert (await applicant.post(f"{path}/publications", COMMITTEE, by=APPROVER)).status_code == 428


@pytest.mark.parametrize(
    ("person", "status"), [(None, 401), (an_owner(), 403), (APPROVER, 403), (AUDITOR, 403), (OPERATOR, 201)]
)
async def test_only_the_operator_drafts(applicant: Applicant, person: Person | None, status: int) -> None:
    headers = {"Idempotency-Key": "draft-a-call-once"} | (
        applicant.issuer.headers(role=person.role, tenant=person.tenant, subject=person.subject) if person else {}
    )
    answer = await applicant.http.post("/v1/calls", json=call_body(), headers=headers)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"closes_at": OPENS.isoformat()}, "window-not-to-the-second"),
        ({"closes_at": "2024-04-03T17:00:00.5+09:00"}, "window-not-to-the-second"),
        ({"seat_lines": [{"type_code": "JS9", "municipality_code": "52130", "seats": 1}]}, "unknown-type"),
        ({"seat_lines": [{"type_code": "JS1", "municipality_code": "52760", "seats": 1}]}, "unknown-municipality"),
        ({"seat_lines": [{"type_code": "JS1", "municipality_code": "52130", "seats": 1}] * 2}, "line-twice"),
        ({"rates": [{"source": "PROVINCE", "rate_bp": 9000, "capped": True},
                    {"source": "SAMSUNG", "rate_bp": 2000, "capped": True}]}, "rates-exceed-whole"),
        ({"rates": [{"source": "SME", "rate_bp": 2000, "capped": False}]}, "source-not-expected"),
        ({"planned_budget_lines": [{"source": "MUNICIPALITY", "amount_won": 1}]}, "source-not-expected"),
        ({"planned_budget_lines": [{"source": "NATIONAL", "amount_won": 1}]}, "source-not-expected"),
        ({"screening_rule_version": "1999-1"}, "unknown-screening-rules"),
        ({"opens_at": "2024-03-20T09:00:00"}, "input-invalid"),
        ({"colour": "blue"}, "input-invalid"),
    ],
)  # fmt: skip
async def test_an_inconsistent_call_is_refused_with_its_reason(
    applicant: Applicant, changes: dict[str, object], code: str
) -> None:
    answer = await applicant.post("/v1/calls", call_body(**changes), by=OPERATOR)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
