"""Who may do what in a database is said three times, for three kinds of server, and must be the same each time.

The local stack's script (which compose runs too) is the source: the row security and the app role's lack of DDL are
tried on what it makes. The others are a shell script of the local overlay and the clusters of CloudNativePG.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from smartfactory.stack.provision import SERVICES, Passwords, app_role, owner_role, script

_ROOT = Path(__file__).resolve().parents[2]
_GIVES = re.compile(r"^(GRANT|REVOKE|ALTER SCHEMA|ALTER DEFAULT PRIVILEGES)\b")
_MAKES = re.compile(r"^(?:CREATE|ALTER) ROLE (\S+) (LOGIN [A-Z ]+?)(?: PASSWORD .*)?$")


def privileges(statements: list[str]) -> dict[str, str]:
    """What is given and taken away, and what each role is; by the statement, however it is spaced."""
    found = {}
    for statement in statements:
        plain = " ".join(statement.rstrip(";").split())
        role = _MAKES.match(plain)
        if role:
            found[f"role {role[1]}"] = role[2]
        elif _GIVES.match(plain):
            found[plain] = "said"
    return found


def of_the_local_stack(service: str, folder: Path) -> dict[str, str]:
    return privileges(script(Passwords(folder / "passwords.json"), {service: service}).splitlines())


def of_the_local_overlay(service: str) -> list[str]:
    names = {"owner": owner_role(service), "app": app_role(service), "database": service}
    said = (_ROOT / "infra/k8s/overlays/local/postgres-init.sh").read_text()
    for name, value in names.items():
        said = said.replace(f':"{name}"', value)
    return [line.strip().removeprefix("-c ").strip("'") for line in said.splitlines()]


def of_cloudnativepg(service: str) -> list[str]:
    folder = _ROOT / "infra/k8s/operators"
    patches = yaml.safe_load((folder / service / "kustomization.yaml").read_text())["patches"]
    (cluster,) = (yaml.safe_load(each["patch"]) for each in patches if each["target"] == {"kind": "Cluster"})
    (statements,) = (each["value"] for each in cluster if each["path"].endswith("/postInitApplicationSQL"))
    return list(statements)


@pytest.mark.parametrize("service", SERVICES)
def test_the_local_overlay_gives_what_the_local_stack_gives(service: str, tmp_path: Path) -> None:
    assert privileges(of_the_local_overlay(service)) == of_the_local_stack(service, tmp_path)


@pytest.mark.parametrize("service", SERVICES)
def test_cloudnativepg_gives_what_the_local_stack_gives(service: str, tmp_path: Path) -> None:
    # The owner is CloudNativePG's own to make; of ours it is asked to make nothing more than a role that signs in.
    expected = of_the_local_stack(service, tmp_path)
    del expected[f"role {owner_role(service)}"]
    assert privileges(of_cloudnativepg(service)) == expected


def test_what_cloudnativepg_keeps_of_the_role_is_what_it_is_made_with(tmp_path: Path) -> None:
    cluster = next(iter(yaml.safe_load_all((_ROOT / "infra/k8s/operators/service/database.yaml").read_text())))
    (role,) = cluster["spec"]["managed"]["roles"]
    words = ("login", "superuser", "createdb", "createrole", "replication", "bypassrls")
    said = " ".join(word.upper() if role[word] else f"NO{word.upper()}" for word in words)
    assert said == of_the_local_stack("metrics", tmp_path)[f"role {app_role('metrics')}"]


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.replace("SELECT, INSERT, UPDATE, DELETE", "ALL"),
        lambda told: told.replace("REVOKE ALL ON SCHEMA public FROM PUBLIC", "SELECT 1"),
        lambda told: told.replace("NOBYPASSRLS", "BYPASSRLS"),
    ],
    ids=["more", "less", "another role"],
)
def test_a_difference_is_seen(change: Callable[[str], str]) -> None:
    told = "\n".join(" ".join(each.split()) for each in of_cloudnativepg("metrics"))
    assert privileges(change(told).splitlines()) != privileges(told.splitlines())
