"""The outside registers: the same answer for the same number, and every way of not answering."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from common.clock import FixedClock
from smartfactory.season.options import OutsideFirm
from smartfactory.simulators.app import build_simulators
from smartfactory.simulators.mail import Mailbox, build_mail
from smartfactory.simulators.registers import Firm, Registers

NUMBER = "1234567891"
PATHS = {
    "tax-office": f"/tax-office/v1/businesses/{NUMBER}",
    "sme-status": f"/sme-status/v1/firms/{NUMBER}",
    "debarment": f"/debarment/v1/firms/{NUMBER}",
}


def client_over(path: Path) -> TestClient:
    clock = FixedClock(datetime(2024, 3, 4, tzinfo=UTC))
    return TestClient(build_simulators(Registers(path / "firms.json"), clock))


def switch(client: TestClient, register: str, mode: str, delay_seconds: float = 5.0) -> None:
    client.put(f"/admin/registers/{register}", json={"mode": mode, "delay_seconds": delay_seconds}).raise_for_status()


def test_a_firm_nobody_told_about_is_in_good_standing(tmp_path: Path) -> None:
    client = client_over(tmp_path)
    tax = client.get(PATHS["tax-office"]).json()
    assert (tax["status"], tax["national_tax_arrears"], tax["local_tax_arrears"]) == ("ACTIVE", False, False)
    assert client.get(PATHS["debarment"]).json()["excluded"] is False


def test_what_was_told_is_answered_also_after_a_restart(tmp_path: Path) -> None:
    told = {"business_number": NUMBER, "tax_state": "CLOSED", "tax_arrears": True, "debarred": True}
    client_over(tmp_path).put("/admin/firms", json=[told]).raise_for_status()
    client = client_over(tmp_path)
    tax = client.get(PATHS["tax-office"]).json()
    assert (tax["status"], tax["national_tax_arrears"]) == ("CLOSED", True)
    assert client.get(PATHS["debarment"]).json()["excluded"] is True


def test_a_debarred_firm_is_found_by_its_corporate_number_under_another_name(tmp_path: Path) -> None:
    client = client_over(tmp_path)
    debarred, other = "1101110000001", "1101110000002"
    told = {"business_number": "1101112345", "corporate_number": debarred, "debarred": True}
    client.put("/admin/firms", json=[told]).raise_for_status()
    for number, excluded in ((debarred, True), (other, False)):
        answer = client.get(PATHS["debarment"], params={"corporate_number": number})
        assert answer.json()["excluded"] is excluded


def test_a_firm_that_is_debarred_no_more_is_found_under_no_name(tmp_path: Path) -> None:
    client, corporate = client_over(tmp_path), "1101110000001"
    told = {"business_number": "1101112345", "corporate_number": corporate}
    for debarred in (True, False):
        client.put("/admin/firms", json=[{**told, "debarred": debarred}]).raise_for_status()
        for number in ("1101112345", NUMBER):
            answer = client.get(f"/debarment/v1/firms/{number}", params={"corporate_number": corporate})
            assert answer.json()["excluded"] is debarred


def test_the_registers_take_whatever_the_season_tells() -> None:
    assert set(OutsideFirm.__dataclass_fields__) <= set(Firm.model_fields)


@pytest.mark.parametrize("number", ["123456789", "12345678911", "12345678a1", "１２３４５６７８９１"])
def test_what_is_no_business_number_is_not_found(tmp_path: Path, number: str) -> None:
    assert client_over(tmp_path).get(f"/tax-office/v1/businesses/{number}").status_code == 404


@pytest.mark.parametrize("register", PATHS)
def test_one_register_refuses_while_the_others_answer(tmp_path: Path, register: str) -> None:
    client = client_over(tmp_path)
    switch(client, register, "REFUSE")
    assert {name: client.get(path).status_code for name, path in PATHS.items()} == {
        name: 403 if name == register else 200 for name in PATHS
    }
    switch(client, register, "ANSWER")
    assert client.get(PATHS[register]).status_code == 200


def test_a_slow_register_answers_late(tmp_path: Path) -> None:
    client = client_over(tmp_path)
    switch(client, "tax-office", "SLOW", 0.2)
    began = time.monotonic()
    assert client.get(PATHS["tax-office"]).status_code == 200
    assert time.monotonic() - began >= 0.2


def test_the_mail_port_takes_a_key_once_also_after_a_restart(tmp_path: Path) -> None:
    letter = {"to": "office@firm.example", "subject": "통지", "body": "내용"}
    key = {"Idempotency-Key": "0199f1b0-1d20-7c31-9b52"}
    for _ in range(2):
        client = TestClient(build_mail(Mailbox(tmp_path / "mail.jsonl")))
        for _ in range(2):
            assert client.post("/v1/messages", json=letter, headers=key).json() == {"accepted": key["Idempotency-Key"]}
        (delivered,) = client.get("/admin/messages").json()
    assert (delivered["to"], delivered["handed_over"]) == (letter["to"], 3)


@pytest.mark.parametrize(("mode", "delivers"), [("REFUSE", 0), ("DOWN", 0), ("LOSE", 1), ("SLOW", 1)])
def test_the_mail_port_can_take_it_or_not_without_saying_so(tmp_path: Path, mode: str, delivers: int) -> None:
    client = TestClient(build_mail(Mailbox(tmp_path / "mail.jsonl")))
    client.put("/admin/behaviour", json={"mode": mode, "delay_seconds": 0}).raise_for_status()
    letter = {"to": "office@firm.example", "subject": "통지", "body": "내용"}
    answer = client.post("/v1/messages", json=letter, headers={"Idempotency-Key": "0199f1b0-1d20-7c31-9b52"})
    assert answer.is_success is (mode == "SLOW")
    assert len(client.get("/admin/messages").json()) == delivers
