"""The data directory: one holder, one format, and never a start that runs out of disk half way."""

import json
import multiprocessing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from smartfactory import cli
from smartfactory.clock import ClockFile
from smartfactory.stack.datadir import DataDirectory
from smartfactory.stack.faults import StackFault


def test_a_second_holder_is_told_who_has_it(tmp_path: Path) -> None:
    first, second = DataDirectory(tmp_path / "data"), DataDirectory(tmp_path / "data")
    first.hold()
    with pytest.raises(StackFault, match="in use by another run") as refused:
        second.hold()
    assert "다른 실행" in refused.value.what.ko
    assert second.is_held()
    first.release()
    second.hold()
    second.release()


def _hold_and_die(path: Path) -> None:
    DataDirectory(path).hold()


def test_whoever_died_holding_it_holds_it_no_longer(tmp_path: Path) -> None:
    process = multiprocessing.get_context("fork").Process(target=_hold_and_die, args=(tmp_path,))
    process.start()
    process.join()
    data = DataDirectory(tmp_path)
    data.hold()
    data.release()


def test_data_of_another_version_is_left_alone_and_the_remedy_is_named(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    data.hold()
    data.release()
    (tmp_path / "format-version").write_text("7")
    with pytest.raises(StackFault, match="of format 7") as refused:
        data.hold()
    assert "make clean-data" in refused.value.remedy.en
    assert not data.is_held()


def test_a_full_disk_is_said_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DataDirectory, "free_mib", lambda _self: 1023)
    with pytest.raises(StackFault, match="1023 MiB"):
        DataDirectory(tmp_path).hold()
    monkeypatch.setattr(DataDirectory, "free_mib", lambda _self: 1024)
    data = DataDirectory(tmp_path)
    data.hold()
    data.release()


def test_what_others_keep_in_a_folder_does_not_become_ours(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("irreplaceable")
    with pytest.raises(StackFault, match=r"did not make: thesis\.txt") as refused:
        DataDirectory(tmp_path).hold()
    assert "만들지 않은 것이 있습니다: thesis.txt" in refused.value.what.ko
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.txt"]


def test_what_others_keep_under_a_name_of_ours_does_not_become_ours_either(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "thesis.txt").write_text("irreplaceable")
    data = DataDirectory(tmp_path)
    with pytest.raises(StackFault, match="did not make: documents"):
        data.hold()
    assert not data.is_marked
    assert (tmp_path / "documents" / "thesis.txt").exists()


@pytest.mark.parametrize("name", ["thesis.txt", "photos/", "more.json", "logs", "postgres->"])
def test_clearing_removes_nothing_where_anything_is_not_ours(tmp_path: Path, name: str) -> None:
    """A directory that was taken before this was asked may hold whatever its owner had there."""
    kept, data = tmp_path / "kept", DataDirectory(tmp_path / "data")
    kept.mkdir()
    data.hold()
    data.release()
    place = data.root / name.strip("/->")
    if name.endswith("/"):
        place.mkdir()
    elif name.endswith("->"):
        place.symlink_to(kept)
    else:
        place.write_text("irreplaceable")
    before = sorted(each.name for each in data.root.iterdir())
    with pytest.raises(StackFault, match="Nothing was changed"):
        cli.clean_data(data_dir=data.root)
    assert sorted(each.name for each in data.root.iterdir()) == before
    assert kept.exists()


def test_clearing_removes_all_that_an_installation_made(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path / "data")
    data.hold()
    for name in ("ports", "origin", "migrated", "owner-urls", "season-track-b-2024-1"):
        data.remember(name, {})
    for folder in (data.postgres, data.kafka, data.logs, data.outside, data.documents, data.root / "gateway"):
        folder.mkdir()
        (folder / "something").write_text("made here")
    ClockFile(data.clock_file)(datetime(2024, 3, 4, 17, 0, tzinfo=UTC))
    data.passwords.write_text("{}")
    data.local_secret()
    data.release()
    assert cli.clean_data(data_dir=data.root) == 0
    assert not data.root.exists()


def test_facts_are_remembered_for_us_alone(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    data.remember("ports", {"kafka": 9092})
    assert data.recall("ports") == {"kafka": 9092}
    assert (tmp_path / "ports.json").stat().st_mode & 0o077 == 0
    assert data.recall("never") is None


def test_half_a_fact_is_no_fact(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text(json.dumps({"kafka": 1})[:-3])
    assert DataDirectory(tmp_path).recall("ports") is None


def test_the_clock_takes_no_moment_without_an_offset(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="offset"):
        ClockFile(tmp_path / "clock")(datetime(2024, 3, 4, 17, 0))  # noqa: DTZ001 - the point
    assert not (tmp_path / "clock").exists()
