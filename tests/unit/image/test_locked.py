"""What of the lock goes into an image: all that the named packages lead to, with hashes, and nothing else."""

import pytest

from tests.image_sources import locked, ready

LOCK = """\
alembic==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:ab
    # via smartfactory-common
mako==2.0 \\
    --hash=sha256:ba
    # via alembic
numpy==3.0 ; python_full_version < '3.12' \\
    --hash=sha256:ca
    # via highspy
numpy==3.1 ; python_full_version >= '3.12' \\
    --hash=sha256:cb
    # via highspy
highspy==4.0 \\
    --hash=sha256:da
    # via smartfactory-mentoring
pytest==9.0 \\
    --hash=sha256:ea
    # via
    #   smartfactory-workspace:dev
    #   schemathesis
"""


def test_what_is_needed_is_followed_to_its_end_with_every_hash():
    entries = locked.read(LOCK)
    assert locked.needed(entries, ["smartfactory-common"]) == ["alembic", "mako"]
    assert entries["alembic"].lines == ("alembic==1.0 \\", "    --hash=sha256:aa \\", "    --hash=sha256:ab")


def test_a_package_that_differs_between_pythons_keeps_both_of_its_versions():
    entries = locked.read(LOCK)
    assert locked.needed(entries, ["smartfactory-mentoring"]) == ["numpy", "highspy"]
    assert [line for line in entries["numpy"].lines if "numpy" in line] == [
        "numpy==3.0 ; python_full_version < '3.12' \\",
        "numpy==3.1 ; python_full_version >= '3.12' \\",
    ]


def test_what_is_left_out_takes_with_it_what_only_it_needs():
    assert locked.needed(locked.read(LOCK), ["smartfactory-common", "smartfactory-mentoring"], ["highspy"]) == [
        "alembic",
        "mako",
    ]


@pytest.mark.parametrize(
    ("command_line", "running"),
    [
        (b"/opt/venv/bin/python\0/opt/venv/bin/service\0worker\0", "worker"),
        (b"/opt/venv/bin/python\0/opt/venv/bin/service\0api\0", "api"),
        (b"/sbin/docker-init\0--\0/opt/venv/bin/service\0migrate\0", "migrate"),
        (b"python\0-m\0smartfactory.compose\0outside\0", "api"),
    ],
)
def test_the_health_check_asks_the_process_that_runs(command_line: bytes, running: str):
    assert ready.process(command_line) == running
