"""What the `smartfactory` command says to a wrong word, before it does anything."""

import errno
import uuid
from pathlib import Path

import pytest

from contracts.roles import COMPANY_ROLES, EVERY_ROLE, MUNICIPALITY_ROLES, Role
from smartfactory import cli
from smartfactory.people import tenant_of
from smartfactory.stack.faults import StackFault


def test_a_role_that_many_tenants_have_asks_which_and_any_other_has_one() -> None:
    of_one_tenant = EVERY_ROLE - MUNICIPALITY_ROLES - COMPANY_ROLES - {Role.PERSON}
    assert {tenant_of(role) for role in of_one_tenant} == {"52", "jtp", "samsung", "issuer"}
    with pytest.raises(StackFault, match="person needs its tenant"):
        tenant_of(Role.PERSON)
    with pytest.raises(StackFault) as fault:
        tenant_of(Role.MUNICIPALITY_OFFICER)
    assert "52110 전주시" in fault.value.remedy.ko
    with pytest.raises(StackFault, match=r"company\.owner needs its tenant"):
        cli.token(role="company.owner")


def test_a_moment_that_is_none_moves_no_clock(tmp_path: Path) -> None:
    (tmp_path / "format-version").write_text("1")
    with pytest.raises(StackFault) as fault:
        cli.clock("tomorrow", data_dir=tmp_path)
    assert "2024-03-04T17:00:00" in fault.value.remedy.en
    assert not (tmp_path / "programme-clock").exists()


def test_the_clock_of_nothing_is_not_moved(tmp_path: Path) -> None:
    with pytest.raises(StackFault, match="There is nothing at"):
        cli.clock("2024-03-04T17:00:00", data_dir=tmp_path / "nowhere")


def test_a_year_without_a_scenario_is_said_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(year=1999, data_dir=tmp_path / "data") == 1
    assert "track-b-2024" in capsys.readouterr().out
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("words", ["run --port 0", "run --port 65536", "parked show applicant 99999999999999999999"])
def test_a_number_that_cannot_be_one_is_refused_by_the_parser(words: str) -> None:
    with pytest.raises(SystemExit) as refused:
        cli.app([*words.split(), "--data-dir", f"/nonexistent/{uuid.uuid4()}"])
    assert refused.value.code not in {0, None}


def test_a_file_in_the_place_of_the_data_is_said_and_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "thesis.txt"
    place.write_text("irreplaceable")
    with pytest.raises(StackFault, match="cannot be written"):
        cli.DataDirectory(place).hold()
    assert place.read_text() == "irreplaceable"


@pytest.mark.parametrize(("number", "said"), [(errno.EACCES, True), (errno.ENOSPC, True), (errno.ECHILD, False)])
def test_a_disk_that_refuses_is_said_and_a_bug_is_not_hidden(
    number: int, said: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(**_options: str) -> int:
        raise OSError(number, "the reason", "/data/clock")

    monkeypatch.setattr(cli, "app", refused)
    with pytest.raises(SystemExit if said else OSError):
        cli.main()
    assert ("/data/clock, where the data is kept, cannot be written (the reason)" in capsys.readouterr().err) is said
