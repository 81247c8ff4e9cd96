"""What the law asks to keep of every access to personal data (domain.md section 6): complete, unchangeable, no data itself."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common.db import Database, sqlstate
from tests.support.applicant import AUDITOR, GUNSAN_OFFICER, IKSAN_OFFICER, OFFICER, OPERATOR, Applicant, Person

_ROWS = "SELECT subject, role, tenant, access_point, data_subject, action FROM disclosure ORDER BY id"


async def test_an_access_is_kept_with_account_time_place_data_subject_and_action(applicant: Applicant):
    owner, _ = await applicant.company()
    before = (await applicant.rows("SELECT clock_timestamp() AS at"))[0]["at"]
    await _read(applicant, f"/v1/companies/{owner.tenant}", OFFICER, 200, forwarded="203.0.113.9, 198.51.100.7")
    await _read(applicant, f"/v1/companies/{owner.tenant}/worksites", GUNSAN_OFFICER, 200)

    data_subject = f"company/{owner.tenant}"
    assert [tuple(row.values()) for row in await applicant.rows(_ROWS)] == [
        ("officer", "province.officer", "52", "198.51.100.7", data_subject, "getCompany"),
        ("gunsan", "municipality.officer", "52130", "127.0.0.1", data_subject, "listWorksites"),
    ]
    (times,) = await applicant.rows("SELECT min(recorded_at) AS first, max(recorded_at) AS last FROM disclosure")
    after = (await applicant.rows("SELECT clock_timestamp() AS at"))[0]["at"]
    assert before <= times["first"] <= times["last"] <= after


async def test_evaluators_are_data_subjects_too(applicant: Applicant):
    call_id = await applicant.published_call()
    members = [{"subject": f"member-{n}", "name": f"가상위원 {n}"} for n in range(3)]
    panel = await applicant.made(f"/v1/calls/{call_id}/panels", {"name": "위원회", "members": members}, by=OPERATOR)
    await _read(applicant, f"/v1/calls/{call_id}/panels", AUDITOR, 200)

    (row,) = await applicant.rows(_ROWS)
    assert (row["data_subject"], row["action"], row["role"]) == (f"panel/{panel['id']}", "listPanels", "auditor")


async def test_ones_own_data_and_what_was_refused_leave_no_record(applicant: Applicant):
    owner, _ = await applicant.company()
    await _read(applicant, f"/v1/companies/{owner.tenant}", owner, 200)
    await _read(applicant, f"/v1/companies/{owner.tenant}", IKSAN_OFFICER, 404)
    await _read(applicant, f"/v1/companies/{owner.tenant}", Person("mentor", "samsung", "m"), 403)

    assert await applicant.rows(_ROWS) == []


async def test_nothing_is_shown_that_cannot_be_recorded(applicant: Applicant):
    owner, _ = await applicant.company()
    async with applicant.owner.transaction() as tx:
        await tx.execute(text("REVOKE INSERT ON disclosure FROM applicant_app"))
    refused = await applicant.get(f"/v1/companies/{owner.tenant}", by=AUDITOR)

    assert refused.status_code == 500
    assert "홍가상" not in refused.text


@pytest.mark.parametrize("statement", ["UPDATE disclosure SET subject = 'nobody'", "DELETE FROM disclosure"])
async def test_a_record_stays(applicant: Applicant, statement: str):
    owner, _ = await applicant.company()
    await _read(applicant, f"/v1/companies/{owner.tenant}", AUDITOR, 200)
    before = await applicant.rows(_ROWS)

    assert await _refused(applicant.database, statement) == "42501"
    assert await _refused(applicant.owner, statement) == "42501"
    assert await _refused(applicant.owner, "TRUNCATE disclosure") == "42501"
    assert await applicant.rows(_ROWS) == before


async def test_the_auditor_reviews_accesses_and_finds_references_only(applicant: Applicant):
    (one, _), (another, _) = await applicant.company(), await applicant.company()
    for owner in (one, another):
        await _read(applicant, f"/v1/companies/{owner.tenant}", OFFICER, 200)
    path = "/v1/disclosures"
    found = await applicant.get(path, by=AUDITOR, data_subject=f"company/{one.tenant}")

    assert [each["data_subject"] for each in found.json()["items"]] == [f"company/{one.tenant}"]
    assert len((await applicant.get(path, by=AUDITOR, subject="officer")).json()["items"]) == 2
    assert "가상" not in (await applicant.get(path, by=AUDITOR)).text


async def _read(applicant: Applicant, path: str, by: Person, status: int, *, forwarded: str | None = None) -> None:
    headers = applicant.issuer.headers(role=by.role, tenant=by.tenant, subject=by.subject)
    if forwarded is not None:
        headers["X-Forwarded-For"] = forwarded
    answer = await applicant.http.get(path, headers=headers)
    assert answer.status_code == status, answer.text


async def _refused(database: Database, statement: str) -> str | None:
    with pytest.raises(DBAPIError) as refusal:
        async with database.transaction() as tx:
            await tx.execute(text(statement))
    return sqlstate(refusal.value)
