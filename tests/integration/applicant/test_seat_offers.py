"""Seats that municipalities offer for a call being drafted: by machine, confirmed by a person, frozen by publication."""

import asyncio
from typing import Any

from common.sheets import BOM, read_csv
from contracts.roles import Role
from tests.support.applicant import APPROVER, GUNSAN, IKSAN, OPENS, OPERATOR, Applicant, Person, call_body

MACHINE = Person(Role.MUNICIPALITY_CLIENT, GUNSAN, f"municipality-{GUNSAN}")
HEAD = Person(Role.MUNICIPALITY_APPROVER, GUNSAN, "gunsan-head")
COMMITTEE = {"committee_date": "2024-03-05", "committee_resolution_number": "2024-7"}


def offer(type_code: str = "JS1", seats: int = 2, place: str = GUNSAN) -> dict[str, Any]:
    return {"municipality_code": place, "type_code": type_code, "seats": seats}


async def drafted(applicant: Applicant) -> dict[str, Any]:
    applicant.clock.move_to(OPENS)
    return await applicant.made("/v1/calls", call_body(), by=OPERATOR)


async def upload(applicant: Applicant, call_id: str, *rows: dict[str, Any], by: Person = MACHINE) -> Any:
    return await applicant.post(f"/v1/seat-surveys/{call_id}/seat-offers:batch", {"rows": rows}, by=by)


async def confirmed(applicant: Applicant, call_id: str, *rows: dict[str, Any]) -> list[str]:
    told = (await upload(applicant, call_id, *rows)).json()
    ids = [row["id"] for row in told["results"]]
    for each in ids:
        await applicant.made(f"/v1/seat-offers/{each}/confirmations", by=HEAD, version=1)
    return ids


async def publish(applicant: Applicant, call: dict[str, Any]) -> Any:
    return await applicant.post(f"/v1/calls/{call['id']}/publications", COMMITTEE, by=APPROVER, version=call["version"])


async def test_a_machine_offers_a_person_confirms_and_the_technopark_reads(applicant: Applicant) -> None:
    call = await drafted(applicant)
    surveys = (await applicant.get("/v1/seat-surveys", MACHINE)).json()["items"]
    assert [(each["call_id"], [kind["type_code"] for kind in each["types"]]) for each in surveys] == [
        (call["id"], ["JS1", "JS2"])
    ]
    assert "planned_budget_lines" not in surveys[0], "what the province plans stays with its draft"

    told = (
        await upload(applicant, call["id"], offer("JS1", 4), offer("JS9"), offer(place=IKSAN), offer("JS1", 5))
    ).json()
    assert [(row["status"], (row["problem"] or {}).get("code")) for row in told["results"]] == [
        (201, None),
        (422, "type-not-in-call"),
        (403, "seat-offer-not-yours"),
        (409, "seat-offer-exists"),
    ]
    assert told["results"][1]["problem"]["errors"][0]["field"] == "type_code"

    made = told["results"][0]["id"]
    path = f"/v1/seat-offers/{made}/confirmations"
    assert (await applicant.post(path, by=MACHINE, version=1)).status_code == 403
    same = Person(Role.MUNICIPALITY_APPROVER, GUNSAN, MACHINE.subject)
    assert (await applicant.post(path, by=same, version=1)).json()["code"] == "seat-offer-own-proposal"
    assert (await applicant.post(path, by=HEAD, version=7)).status_code == 412
    done = await applicant.made(path, by=HEAD, version=1)
    assert (done["state"], done["seats"], done["version"]) == ("CONFIRMED", 4, 2)

    read = (await applicant.get("/v1/seat-offers", OPERATOR, call_id=call["id"], state="CONFIRMED")).json()["items"]
    assert [(each["municipality_code"], each["type_code"], each["seats"]) for each in read] == [(GUNSAN, "JS1", 4)]


async def test_another_municipality_finds_no_offer(applicant: Applicant) -> None:
    call = await drafted(applicant)
    (made,) = await confirmed(applicant, call["id"], offer())
    other = Person(Role.MUNICIPALITY_APPROVER, IKSAN, "iksan-head")
    assert (await applicant.get("/v1/seat-offers", other)).json()["items"] == []
    assert (await applicant.get(f"/v1/seat-offers/{made}", other)).status_code == 404
    for decision in ("confirmations", "withdrawals"):
        answer = await applicant.post(f"/v1/seat-offers/{made}/{decision}", by=other, version=2)
        assert (answer.status_code, answer.json()["code"]) == (404, "seat-offer-unknown")


async def test_after_publication_nothing_is_offered_confirmed_or_taken_back(applicant: Applicant) -> None:
    call = await drafted(applicant)
    (proposed,) = (await upload(applicant, call["id"], offer("JS2"))).json()["results"]
    await confirmed(applicant, call["id"], offer("JS1"))
    lines = [{"type_code": "JS1", "municipality_code": GUNSAN, "seats": 2}]
    call = (
        await applicant.change(
            "PUT", f"/v1/calls/{call['id']}", call_body(seat_lines=lines), by=OPERATOR, version=call["version"]
        )
    ).json()
    assert (await publish(applicant, call)).status_code == 201

    late = await upload(applicant, call["id"], offer("JS2"))
    assert (late.status_code, late.json()["code"]) == (409, "seat-offers-closed")
    for by, decision in ((HEAD, "confirmations"), (MACHINE, "withdrawals")):
        answer = await applicant.post(f"/v1/seat-offers/{proposed['id']}/{decision}", by=by, version=1)
        assert (answer.status_code, answer.json()["code"]) == (409, "seat-offers-closed")
    assert (await applicant.get("/v1/seat-surveys", MACHINE)).json()["items"] == []
    template = await applicant.get(f"/v1/seat-surveys/{call['id']}/seat-offers:template", MACHINE)
    assert template.status_code == 404
    assert (await applicant.get(f"/v1/calls/{call['id']}")).json()["seat_lines"] == lines


async def test_a_call_gives_no_more_seats_than_a_municipality_has_confirmed(applicant: Applicant) -> None:
    call = await drafted(applicant)
    await confirmed(applicant, call["id"], offer("JS1", 1), offer("JS2", 2))
    refused = await publish(applicant, call)
    assert (refused.status_code, refused.json()["code"]) == (409, "seats-not-offered")
    assert (refused.json()["type_code"], refused.json()["seats"], refused.json()["offered"]) == ("JS1", 2, 1)

    (first, *_) = (await applicant.get("/v1/seat-offers", MACHINE)).json()["items"]
    by_machine = await applicant.post(f"/v1/seat-offers/{first['id']}/withdrawals", by=MACHINE, version=2)
    assert (by_machine.status_code, by_machine.json()["code"]) == (403, "confirmed-offer-is-the-approvers")
    await applicant.made(f"/v1/seat-offers/{first['id']}/withdrawals", by=HEAD, version=2)
    assert (await publish(applicant, call)).json()["offered"] == 0
    await confirmed(applicant, call["id"], offer("JS1", 2))
    assert (await publish(applicant, call)).status_code == 201, "Iksan gave its word on paper"


async def test_a_confirmation_and_the_publication_that_race_agree(applicant: Applicant) -> None:
    for _ in range(4):
        call = await drafted(applicant)
        await confirmed(applicant, call["id"], offer("JS2", 2))
        (row,) = (await upload(applicant, call["id"], offer("JS1", 2))).json()["results"]
        confirmation, publication = await asyncio.gather(
            applicant.post(f"/v1/seat-offers/{row['id']}/confirmations", by=HEAD, version=1), publish(applicant, call)
        )
        # Published means that the confirmation came before; refused means that it had not.
        assert confirmation.status_code == 201
        assert publication.status_code == 201 or publication.json()["code"] == "seats-not-offered"
        state = (await applicant.get(f"/v1/seat-offers/{row['id']}", HEAD)).json()["state"]
        assert state == "CONFIRMED"


async def test_the_template_has_a_row_for_every_type_of_the_call(applicant: Applicant) -> None:
    call = await drafted(applicant)
    path = f"/v1/seat-surveys/{call['id']}/seat-offers"
    template = (await applicant.get(f"{path}:template", MACHINE)).content
    assert template.startswith(BOM)
    assert [row.cells for row in read_csv(template)] == [("municipality_code", "type_code", "seats")]
    filled = template.decode().replace(f'"#{GUNSAN}', f'"{GUNSAN}').replace(",0\r\n", ",3\r\n").encode()
    headers = applicant._headers(MACHINE) | {"Idempotency-Key": "filled-template-of-gunsan", "Content-Type": "text/csv"}
    told = (await applicant.http.post(f"{path}:batch", content=filled, headers=headers)).json()
    assert [(row["row"], row["status"]) for row in told["results"]] == [(4, 201), (5, 201)]
    offers = (await applicant.get("/v1/seat-offers", MACHINE)).json()["items"]
    assert [(each["type_code"], each["seats"]) for each in offers] == [("JS1", 3), ("JS2", 3)]
