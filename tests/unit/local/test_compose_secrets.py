"""The secrets of an installation in containers: made once, and each reader has its own only."""

import stat
from pathlib import Path

import pytest

from smartfactory.compose.secrets import hand_out
from smartfactory.stack.provision import SERVICES, Passwords

READERS = ("postgres", "outside", *SERVICES, *(f"{service}-owner" for service in SERVICES))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for reader in READERS:
        (tmp_path / "handed-out" / reader).mkdir(parents=True)
    hand_out(tmp_path / "handed-out", Passwords(tmp_path / "passwords.json"))
    return tmp_path / "handed-out"


def contents(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_a_second_start_hands_out_the_same(folder: Path):
    first = contents(folder)
    hand_out(folder, Passwords(folder.parent / "passwords.json"))
    assert contents(folder) == first


def test_no_reader_has_what_opens_anothers_door(folder: Path):
    found = contents(folder)
    assert "applicant_owner" not in found["applicant/database_url"]
    assert found["applicant-owner/migrations_database_url"].startswith("postgresql+asyncpg://applicant_owner:")
    keys = [found[f"{service}/cursor_secret"] for service in SERVICES] + [found["metrics/webhook_secret_key"]]
    assert len(set(keys)) == len(keys)
    assert all(len(key) >= 32 for key in keys)
    superuser = found["postgres/superuser_password"]
    assert [name for name, content in found.items() if superuser in content] == ["postgres/superuser_password"]


def test_the_files_are_read_by_whatever_user_a_container_has_and_written_by_none(folder: Path):
    modes = {stat.S_IMODE(file.stat().st_mode) for file in folder.rglob("*") if file.is_file()}
    assert modes == {0o444}


def test_the_script_for_psql_makes_every_role_that_an_address_names(folder: Path):
    script = (folder / "postgres" / "provision.sql").read_text()
    for service in SERVICES:
        for role in (f"{service}_app", f"{service}_owner"):
            assert f"CREATE ROLE {role}" in script
        assert f"CREATE DATABASE {service} OWNER {service}_owner" in script
