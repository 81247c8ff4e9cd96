"""Firms supported before are imported row by row, once, and the rules on first-timers know of them from then on."""

import asyncio
from typing import Any

import httpx

from tests.support.applicant import APPROVER, GUNSAN, IKSAN_OFFICER, OPERATOR, Applicant, business_number

_HEAD = "business_number,company_name,worksite_name,municipality_code,scheme,fiscal_year,supported_on,supported_won"


def _row(number: str, **changes: object) -> dict[str, Any]:
    said = {
        "business_number": number, "company_name": "가상정밀", "worksite_name": "제1공장",
        "municipality_code": "45130", "scheme": "대·중소 상생형", "fiscal_year": 2021, "supported_on": "2021-07-05",
        "supported_won": 60_000_000,
    }  # fmt: skip
    return said | changes


async def _upload(applicant: Applicant, *rows: dict[str, Any], **query: str) -> dict[str, Any]:
    path = "/v1/past-supports:batch" + ("?validate_only=true" if query else "")
    answer = await applicant.post(path, {"rows": list(rows)}, by=OPERATOR)
    assert answer.status_code == 207, answer.text
    return answer.json()


async def _sent(applicant: Applicant, *lines: str, key: str) -> httpx.Response:
    headers = applicant._headers(OPERATOR) | {"Idempotency-Key": key, "Content-Type": "text/csv; charset=utf-8"}
    content = "\r\n".join([_HEAD, *lines]).encode()
    return await applicant.http.post("/v1/past-supports:batch", content=content, headers=headers)


async def _count(applicant: Applicant) -> int:
    (found,) = await applicant.rows("SELECT count(*) AS n FROM past_support WHERE withdrawn_at IS NULL")
    return int(found["n"])


async def test_every_row_is_judged_by_itself_and_named_by_its_line_and_field(applicant: Applicant):
    good, late = business_number(), business_number()
    told = await _sent(
        applicant,
        f"{good},가상정밀,제1공장,45130,상생형,2021,2021-07-05,60000000",
        "1234567890,가상기계,제1공장,52130,상생형,2021,2021-07-05,1",
        f"{late},가상식품,제1공장,45130,상생형,2024,2024-02-01,1",
        f'{business_number()},=HYPERLINK("x"),제1공장,52130,상생형,2021,2021-07-05,1',
        f"{business_number()},가상섬유,제1공장,52130,상생형,2021,2031-07-05,1",
        key="past-supports-csv-1",
    )
    assert told.status_code == 207, told.text
    results = told.json()["results"]
    assert [(each["row"], each["status"]) for each in results] == [(2, 201), (3, 422), (4, 422), (5, 422), (6, 422)]
    faults = [(each["problem"]["errors"][0]["field"], each["problem"]["errors"][0]["code"]) for each in results[1:]]
    assert faults == [
        ("business_number", "invalid-business-number"),
        ("municipality_code", "unknown-municipality"),
        ("company_name", "formula_cell"),
        ("supported_on", "past-support-in-the-future"),
    ]
    assert results[3]["problem"]["errors"][0]["cell"] == "B5"
    (stored,) = await applicant.rows("SELECT municipality_code, code_as_written FROM past_support")
    assert stored == {"municipality_code": "52130", "code_as_written": "45130"}
    template = await applicant.get("/v1/past-supports:template", by=OPERATOR)
    assert _HEAD in template.text.replace(chr(34), "")


async def test_the_same_rows_again_add_nothing_and_a_contradiction_is_refused(applicant: Applicant):
    rows = [_row(business_number()) for _ in range(3)]
    tried = await _upload(applicant, *rows, trial="yes")
    assert (tried["accepted"], await _count(applicant)) == (3, 0)
    first, again = await asyncio.gather(_upload(applicant, *rows), _upload(applicant, *reversed(rows)))
    assert (first["accepted"], again["accepted"], await _count(applicant)) == (3, 3, 3)
    assert {each["id"] for each in first["results"]} == {each["id"] for each in again["results"]}
    other = await _upload(applicant, rows[0] | {"supported_won": 1})
    assert other["results"][0]["problem"]["code"] == "past-support-differs"

    path = f"/v1/past-supports/{first['results'][0]['id']}"
    body = {"reason": "금액 오기"}
    assert (await applicant.post(f"{path}/withdrawals", body, by=OPERATOR, version=1)).status_code == 201
    twice = await applicant.post(f"{path}/withdrawals", body, by=OPERATOR, version=2)
    assert (twice.status_code, twice.json()["code"]) == (409, "past-support-already-withdrawn")
    mended = await _upload(applicant, rows[0] | {"supported_won": 1})
    assert (mended["accepted"], await _count(applicant)) == (1, 3)


async def test_a_firm_that_says_it_was_never_supported_fails_r08_when_the_records_know_it(applicant: Applicant):
    call_id = await applicant.published_call()
    owner, worksite = await applicant.company()
    number = (await applicant.get(f"/v1/companies/{owner.tenant}", by=owner)).json()["business_number"]
    told = await _upload(applicant, _row(number))
    support = told["results"][0]["id"]
    submitted = await applicant.submitted(call_id, owner, worksite, type_code="JS1")
    screened = await applicant.screened(submitted)
    (found,) = [each for each in screened["findings"] if each["rule"] == "R-08"]
    assert found["outcome"] == "FAIL"
    assert f"past-support/{support}" in found["evidence"]
    (case,) = await applicant.rows("SELECT first_timer FROM application")
    assert case["first_timer"] is False
    assert [each["id"] for each in (await applicant.get("/v1/past-supports", by=owner)).json()["items"]] == [support]
    assert (await applicant.get("/v1/past-supports", by=IKSAN_OFFICER)).json()["items"] == []
    assert (await applicant.get(f"/v1/past-supports/{support}", by=IKSAN_OFFICER)).status_code == 404


async def test_a_record_that_was_withdrawn_or_is_of_another_firm_leaves_a_first_timer_one(applicant: Applicant):
    call_id = await applicant.published_call()
    owner, worksite = await applicant.company()
    number = (await applicant.get(f"/v1/companies/{owner.tenant}", by=owner)).json()["business_number"]
    told = await _upload(applicant, _row(number), _row(business_number(), municipality_code=GUNSAN))
    for result in told["results"][:1]:
        path = f"/v1/past-supports/{result['id']}/withdrawals"
        await applicant.made(path, {"reason": "다른 기업"}, by=OPERATOR, version=1)
    submitted = await applicant.submitted(call_id, owner, worksite, type_code="JS1")
    screened = await applicant.screened(submitted)
    (found,) = [each for each in screened["findings"] if each["rule"] == "R-08"]
    assert found["outcome"] == "PASS"
    assert (await applicant.post("/v1/past-supports:batch", {"rows": []}, by=APPROVER)).status_code == 403
