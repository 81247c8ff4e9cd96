"""Accounts: two people appoint and end, an owner invites by a code that is shown once, and tokens end with the role."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from contracts.roles import Role
from tests.support.applicant import (
    APPROVER,
    AUDITOR,
    GUNSAN,
    GUNSAN_OFFICER,
    IKSAN,
    OFFICER,
    Applicant,
    Person,
    an_owner,
)
from tests.support.tokens import IN_FORCE_SECONDS
from tests.support.waiting import eventually

GUNSAN_APPROVER = Person(Role.MUNICIPALITY_APPROVER, GUNSAN, "gunsan-approver")
IKSAN_APPROVER = Person(Role.MUNICIPALITY_APPROVER, IKSAN, "iksan-approver")
PROVIDER = Person(Role.IDENTITY_PROVIDER, "issuer", "issuer")


def somebody(role: str = "municipality.officer", tenant: str = GUNSAN) -> dict[str, str]:
    return {"subject": f"kim-{uuid.uuid4()}", "role": role, "tenant": tenant}


def a_person() -> Person:
    subject = f"person-{uuid.uuid4()}"
    return Person(Role.PERSON, subject, subject)


async def step(applicant: Applicant, made: dict[str, Any], what: str, *, by: Person) -> dict[str, Any]:
    return await applicant.made(f"/v1/appointments/{made['id']}/{what}", by=by, version=made["version"])


async def refused(applicant: Applicant, made: dict[str, Any], what: str, *, by: Person) -> tuple[int, str]:
    answer = await applicant.post(f"/v1/appointments/{made['id']}/{what}", by=by, version=made["version"])
    return answer.status_code, answer.json()["code"]


async def held(applicant: Applicant, subject: str) -> list[tuple[str, str]]:
    found = (await applicant.get("/v1/held-roles", by=PROVIDER, subject=subject)).json()
    return [(each["role"], each["tenant"]) for each in found["items"]]


async def test_two_people_appoint_an_officer_and_two_end_it_with_the_tokens(applicant: Applicant):
    who = somebody()
    made = await applicant.made("/v1/appointments", who, by=GUNSAN_OFFICER)
    assert (made["state"], await held(applicant, who["subject"])) == ("PROPOSED", [])
    made = await step(applicant, made, "confirmations", by=GUNSAN_APPROVER)
    assert await held(applicant, who["subject"]) == [("municipality.officer", GUNSAN)]

    officer = Person(Role.MUNICIPALITY_OFFICER, GUNSAN, who["subject"])
    assert (await applicant.get("/v1/appointments", by=officer)).status_code == 200
    made = await step(applicant, made, "end-proposals", by=GUNSAN_APPROVER)
    assert await held(applicant, who["subject"]), "one person ends nothing"
    assert await refused(applicant, made, "end-confirmations", by=GUNSAN_APPROVER) == (409, "another-person-needed")
    made = await step(applicant, made, "end-confirmations", by=APPROVER)
    assert (made["state"], await held(applicant, who["subject"])) == ("ENDED", [])

    async def shut_out() -> bool:
        return (await applicant.get("/v1/appointments", by=officer)).status_code == 401

    await eventually(shut_out, deadline=IN_FORCE_SECONDS)
    told = await applicant.rows(
        "SELECT convert_from(payload, 'UTF8')::jsonb AS said FROM outbox WHERE type LIKE '%tokens-revoked.v1'"
        " AND convert_from(payload, 'UTF8')::jsonb ->> 'subject' = :subject",
        subject=who["subject"],
    )
    assert [(row["said"]["role"], row["said"]["tenant"]) for row in told] == [("municipality.officer", GUNSAN)]
    again = await applicant.made("/v1/appointments", who, by=GUNSAN_OFFICER)
    assert again["id"] != made["id"], "who has left may be appointed again"


async def test_nobody_appoints_alone_or_themselves(applicant: Applicant):
    made = await applicant.made("/v1/appointments", somebody(), by=GUNSAN_APPROVER)
    assert await refused(applicant, made, "confirmations", by=GUNSAN_APPROVER) == (409, "another-person-needed")
    other_role = Person(Role.PROVINCE_APPROVER, "52", GUNSAN_APPROVER.subject)
    assert await refused(applicant, made, "confirmations", by=other_role) == (409, "another-person-needed")
    own = {"subject": OFFICER.subject, "role": "province.treasurer", "tenant": "52"}
    assert (await applicant.post("/v1/appointments", own, by=OFFICER)).json()["code"] == "another-person-needed"
    theirs = {"subject": APPROVER.subject, "role": "province.treasurer", "tenant": "52"}
    made = await applicant.made("/v1/appointments", theirs, by=OFFICER)
    assert await refused(applicant, made, "confirmations", by=APPROVER) == (409, "another-person-needed")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("confirmed_by = proposed_by", "two_people"),
        ("confirmed_by = subject", "two_people"),
        ("end_proposed_by = 'x', ended_by = 'x', state = 'ENDED'", "two_people_end"),
        ("ended_by = 'x', state = 'ENDED'", "two_people_end"),
        ("confirmed_by = NULL", "confirmed"),
    ],
)
async def test_the_database_itself_asks_for_two_people(applicant: Applicant, change: str, fault: str):
    made = await applicant.made("/v1/appointments", somebody(), by=GUNSAN_OFFICER)
    await step(applicant, made, "confirmations", by=GUNSAN_APPROVER)
    with pytest.raises(DBAPIError, match=f"appointment_{fault}_check"):
        async with applicant.owner.transaction() as tx:
            await tx.execute(text(f"UPDATE appointment SET {change} WHERE id = '{made['id']}'"))


async def test_a_municipality_manages_its_own_people_only(applicant: Applicant):
    made = await applicant.made("/v1/appointments", somebody(), by=GUNSAN_OFFICER)
    for what in ("confirmations", "end-proposals", "end-confirmations"):
        assert await refused(applicant, made, what, by=IKSAN_APPROVER) == (404, "appointment-not-found")
    for who in (somebody(tenant=IKSAN), somebody("province.officer", "52"), somebody("accountant", GUNSAN)):
        answer = await applicant.post("/v1/appointments", who, by=GUNSAN_APPROVER)
        assert (answer.status_code, answer.json()["code"]) == (403, "role-not-yours-to-appoint")
    listed = (await applicant.get("/v1/appointments", by=IKSAN_APPROVER, page_size=100)).json()["items"]
    assert made["id"] not in {each["id"] for each in listed}
    listed = (await applicant.get("/v1/appointments", by=AUDITOR, page_size=100)).json()["items"]
    assert made["id"] in {each["id"] for each in listed}


@pytest.mark.parametrize(
    ("role", "tenant"),
    [
        ("company.owner", str(uuid.UUID(int=1))),
        ("company.staff", str(uuid.UUID(int=1))),
        ("person", "kim"),
        ("municipality.client", GUNSAN),
        ("identity.provider", "issuer"),
        ("municipality.officer", "52"),
        ("province.officer", GUNSAN),
    ],
)
async def test_what_is_no_office_is_not_appointed(applicant: Applicant, role: str, tenant: str):
    answer = await applicant.post("/v1/appointments", somebody(role, tenant), by=APPROVER)
    assert (answer.status_code, answer.json()["code"]) == (422, "role-not-appointed")


async def test_of_two_who_confirm_at_once_one_does(applicant: Applicant):
    made = await applicant.made("/v1/appointments", somebody(), by=GUNSAN_OFFICER)
    path = f"/v1/appointments/{made['id']}/confirmations"
    answers = await asyncio.gather(
        *(applicant.post(path, by=by, version=made["version"]) for by in (GUNSAN_APPROVER, APPROVER) * 3)
    )
    statuses = sorted(answer.status_code for answer in answers)
    assert (statuses[0], set(statuses[1:]) <= {409, 412}) == (201, True), statuses
    entries = await applicant.rows(
        "SELECT decision FROM journal_entry WHERE chain = :chain ORDER BY position", chain=f"appointment/{made['id']}"
    )
    assert [entry["decision"] for entry in entries] == ["appointment-proposed", "appointment-confirmed"]


async def test_the_same_role_twice_is_refused(applicant: Applicant):
    who = somebody()
    await applicant.made("/v1/appointments", who, by=GUNSAN_OFFICER)
    answer = await applicant.post("/v1/appointments", who, by=OFFICER)
    assert (answer.status_code, answer.json()["code"]) == (409, "appointment-exists")


async def invited(applicant: Applicant, owner: Person) -> dict[str, Any]:
    return await applicant.made(f"/v1/companies/{owner.tenant}/invitations", by=owner)


async def accepted(applicant: Applicant, code: str, *, by: Person) -> tuple[int, dict[str, Any]]:
    answer = await applicant.post("/v1/invitation-acceptances", {"invitation_code": code}, by=by)
    return answer.status_code, answer.json()


async def test_an_owner_invites_a_person_joins_and_the_owner_ends_it(applicant: Applicant):
    owner, _ = await applicant.company()
    invitation, person = await invited(applicant, owner), a_person()
    status, joined = await accepted(applicant, invitation["invitation_code"].lower().replace("-", ""), by=person)
    assert (status, joined["role"], joined["tenant"]) == (201, "company.staff", owner.tenant)
    assert await held(applicant, person.subject) == [("company.staff", owner.tenant)]
    assert await held(applicant, owner.subject) == [("company.owner", owner.tenant)]

    staff = Person(Role.COMPANY_STAFF, str(owner.tenant), person.subject)
    assert (await applicant.get(f"/v1/companies/{owner.tenant}", by=staff)).status_code == 200
    listed = (await applicant.get(f"/v1/companies/{owner.tenant}/staff", by=owner)).json()["items"]
    assert [each["role"] for each in listed] == ["company.owner", "company.staff"]
    path = f"/v1/companies/{owner.tenant}/staff/{joined['id']}/ends"
    ended = await applicant.made(path, by=owner, version=joined["version"])
    assert ended["state"] == "ENDED"

    async def shut_out() -> bool:
        return (await applicant.get(f"/v1/companies/{owner.tenant}", by=staff)).status_code == 401

    await eventually(shut_out, deadline=IN_FORCE_SECONDS)
    assert await held(applicant, person.subject) == []
    own = (await applicant.get(f"/v1/companies/{owner.tenant}/staff", by=owner)).json()["items"][0]
    owners = await applicant.post(
        f"/v1/companies/{owner.tenant}/staff/{own['id']}/ends", by=owner, version=own["version"]
    )
    assert owners.status_code == 404, "the owner is no staff"


async def test_the_code_is_shown_once_and_kept_nowhere(applicant: Applicant):
    owner, _ = await applicant.company()
    path, key = f"/v1/companies/{owner.tenant}/invitations", f"invite-{uuid.uuid4()}"
    first, second = [await applicant.post(path, by=owner, key=key) for _ in range(2)]
    code = first.json()["invitation_code"]
    assert len(code.replace("-", "")) == 24
    assert second.headers["idempotency-replayed"] == "true"
    assert second.json() == first.json() | {"invitation_code": None}
    assert code not in (await applicant.get(path, by=owner)).text
    tables = await applicant.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for table in (row["tablename"] for row in tables):
        for spelling in (code, code.replace("-", "")):
            wanted = {"text": f"%{spelling}%", "hex": f"%{spelling.encode().hex()}%"}
            sql = f'SELECT count(*) AS n FROM "{table}" t WHERE t::text LIKE :text OR t::text LIKE :hex'
            assert (await applicant.rows(sql, **wanted))[0]["n"] == 0, table


async def test_an_invitation_opens_once_in_time_and_not_when_withdrawn(applicant: Applicant):
    owner, _ = await applicant.company()
    used, withdrawn, late = [await invited(applicant, owner) for _ in range(3)]
    people = [a_person() for _ in range(6)]
    answers = await asyncio.gather(*(accepted(applicant, used["invitation_code"], by=each) for each in people))
    assert sorted(status for status, _ in answers) == [201, *[409] * 5], "one code is one person"

    path = f"/v1/companies/{owner.tenant}/invitations/{withdrawn['id']}/withdrawals"
    await applicant.made(path, by=owner, version=withdrawn["version"])
    assert (await accepted(applicant, withdrawn["invitation_code"], by=a_person()))[1]["code"] == "invitation-not-open"
    assert (await applicant.post(path, by=owner, version=withdrawn["version"] + 1)).status_code == 409

    assert (await accepted(applicant, "WRONG-CODE", by=a_person()))[1]["code"] == "invitation-not-found"
    issued = applicant.clock.now()
    try:
        applicant.clock.move_to(issued + timedelta(days=7))
        assert (await accepted(applicant, late["invitation_code"], by=a_person()))[1]["code"] == "invitation-not-open"
        applicant.clock.move_to(issued + timedelta(days=7) - timedelta(microseconds=1))
        assert (await accepted(applicant, late["invitation_code"], by=a_person()))[0] == 201
    finally:
        applicant.clock.move_to(issued)


async def test_another_company_s_people_and_invitations_do_not_exist(applicant: Applicant):
    owner, _ = await applicant.company()
    another, _ = await applicant.company()
    invitation = await invited(applicant, owner)
    _, joined = await accepted(applicant, (await invited(applicant, owner))["invitation_code"], by=a_person())
    for path, version in (
        (f"/v1/companies/{another.tenant}/invitations/{invitation['id']}/withdrawals", invitation["version"]),
        (f"/v1/companies/{another.tenant}/staff/{joined['id']}/ends", joined["version"]),
        (f"/v1/companies/{owner.tenant}/staff/{joined['id']}/ends", joined["version"]),
    ):
        assert (await applicant.post(path, by=another, version=version)).status_code == 404
    unregistered = an_owner()
    answer = await applicant.post(f"/v1/companies/{unregistered.tenant}/invitations", by=unregistered)
    assert (answer.status_code, answer.json()["code"]) == (404, "company-unknown")
