"""A document uploaded once: in parts, measured and scanned, kept in editions, read by those who may, swept after crashes."""

import base64
import hashlib
import socketserver
import struct
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from applicant.documents.jobs import SweepDocuments
from common import failpoints
from common.event import new_id
from common.objects import FolderObjects
from common.scanning import ClamdScanner, ScannerUnavailableError
from contracts.roles import Role
from tests.support.building_site import Site, site_under_way
from tests.support.judging import JEONJU, OPERATOR, Judging, Person

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + rb"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
PDF = b"%PDF-1.7\n" + b"x" * 300_000
PART = 131_072


class Papers:
    """The documents of one build, as its firm uploads them."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.judging, self.folder = site, site.judging, folder
        self.objects = FolderObjects(folder)

    async def announce(self, content: bytes, by: Person | None = None, **changes: object) -> Any:
        body = {
            "kind": "INVOICE",
            "media_type": "application/pdf",
            "sha256": hashlib.sha256(content).hexdigest(),
            "size_bytes": len(content),
        }
        path = f"/v1/builds/{self.site.project_id}/documents"
        return await self.judging.post(path, body | changes, by=by or self.site.owner)

    async def part(self, path: str, number: int, content: bytes) -> Any:
        body = {"number": number, "content": base64.b64encode(content).decode()}
        return await self.judging.post(f"{path}/parts", body, by=self.site.owner)

    async def uploading(self, content: bytes, **changes: object) -> str:
        announced = await self.announce(content, **changes)
        assert announced.status_code == 201, announced.text
        path = f"/v1/documents/{announced.json()['id']}"
        for number, start in enumerate(range(0, len(content), PART), start=1):
            answer = await self.part(path, number, content[start : start + PART])
            assert answer.status_code == 201, answer.text
        return path

    async def seal(self, path: str) -> Any:
        version = (await self.judging.get(path, OPERATOR)).json()["version"]
        return await self.judging.post(f"{path}/seals", by=self.site.owner, version=version)

    async def sealed(self, content: bytes, **changes: object) -> str:
        path = await self.uploading(content, **changes)
        answer = await self.seal(path)
        assert answer.json()["state"] == "SEALED", answer.text
        return path

    def kept(self) -> list[str]:
        """The objects and the uploads that the store holds."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())

    async def sweep(self, seconds: float = 0.0) -> None:
        settings = self.judging.settings.model_copy(update={"document_sweep_seconds": seconds})
        await SweepDocuments(self.objects, settings)(self.judging.database, self.judging.clock)


@pytest.fixture
async def papers(judging: Judging) -> Papers:
    return Papers(await site_under_way(judging), judging.settings.documents())


async def test_it_is_uploaded_in_parts_and_read_again_to_the_byte(papers: Papers):
    path = await papers.sealed(PDF)
    read = await papers.judging.get(f"{path}/content", papers.site.owner)
    assert (read.status_code, read.content) == (200, PDF)
    assert read.headers["content-disposition"].startswith("attachment")
    assert read.headers["x-content-type-options"] == "nosniff"
    await papers.sweep()
    assert papers.kept() == [f"objects/{hashlib.sha256(PDF).hexdigest()}"], "the parts are gone"
    entries = await papers.judging.journal(f"project/{papers.site.project_id}")
    assert entries[-1]["decision"] == "document-sealed"


async def test_what_is_not_as_announced_or_infected_is_refused_and_not_kept(papers: Papers):
    wrong = hashlib.sha256(b"other").hexdigest()
    infected = b"%PDF-1.7\n" + EICAR
    for content, changes, because in (
        (PDF, {"sha256": wrong}, "HASH_DIFFERS"),
        (PDF, {"size_bytes": len(PDF) + 1}, "SIZE_DIFFERS"),
        (PDF, {"media_type": "image/png"}, "TYPE_DIFFERS"),
        (infected, {}, "SCANNER_FOUND"),
    ):
        path = await papers.uploading(content, **changes)
        sealed = (await papers.seal(path)).json()
        assert (sealed["state"], sealed["refused_because"]) == ("REFUSED", because)
        refused = await papers.judging.get(f"{path}/content", OPERATOR)
        assert (refused.status_code, refused.json()["code"]) == (409, "document-not-sealed")
        await papers.sweep()
        assert papers.kept() == []


async def test_more_than_was_announced_or_than_is_taken_is_refused_while_it_comes(papers: Papers):
    large = await papers.announce(PDF, size_bytes=20_971_521)
    assert (large.status_code, large.json()["code"]) == (409, "document-too-large")
    path = f"/v1/documents/{(await papers.announce(PDF, size_bytes=10)).json()['id']}"
    more = await papers.part(path, 1, b"x" * 11)
    assert (more.status_code, more.json()["code"]) == (409, "document-too-large")
    second = await papers.part(path, 2, b"x")
    assert (second.status_code, second.json()["code"]) == (409, "document-part-out-of-order")
    assert (await papers.part(path, 1, b"x" * (PART + 3))).status_code == 422
    no_base64 = {"number": 1, "content": "????"}
    assert (await papers.judging.post(f"{path}/parts", no_base64, by=papers.site.owner)).status_code == 422


async def test_a_new_edition_replaces_the_one_before_it_once(papers: Papers):
    first = await papers.sealed(PDF)
    first_id = first.rsplit("/", 1)[1]
    second = await papers.sealed(PDF + b"2", replaces=first_id)
    assert (await papers.judging.get(second, OPERATOR)).json()["edition"] == 2
    again = await papers.announce(PDF + b"3", replaces=first_id)
    assert (again.status_code, again.json()["code"]) == (409, "document-replaced")
    listed = await papers.judging.get(f"/v1/builds/{papers.site.project_id}/documents", OPERATOR)
    assert [each["edition"] for each in listed.json()["items"]] == [1, 2]


async def test_others_read_it_with_a_record_and_strangers_not_at_all(papers: Papers):
    path = await papers.sealed(PDF)
    await papers.judging.get(f"{path}/content", papers.site.owner)
    assert await papers.judging.value("SELECT count(*) FROM disclosure") == 0
    read = await papers.judging.get(f"{path}/content", Person(Role.MUNICIPALITY_OFFICER, "officer", JEONJU))
    assert read.status_code == 200
    (seen,) = await papers.judging.rows("SELECT data_subject, action FROM disclosure")
    assert seen["data_subject"] == f"company/{papers.site.case.company_id}"
    for by in (
        Person(Role.MUNICIPALITY_OFFICER, "officer", "52710"),
        Person(Role.SUPPLIER, "other", "1000000000"),
        Person(Role.COMPANY_OWNER, "owner", str(new_id())),
    ):
        assert [(await papers.judging.get(each, by)).status_code for each in (path, f"{path}/content")] == [404] * 2
        if by.role == Role.COMPANY_OWNER:
            assert (await papers.announce(PDF, by=by)).status_code == 404


async def test_a_crash_between_content_and_row_leaves_nothing_wrong(papers: Papers):
    kept = await papers.sealed(PDF)
    orphan = new_id()
    await papers.objects.put_part(orphan, 1, b"left behind")
    await papers.objects.seal(orphan, parts=1, scanner=Blind, keep=lambda _joined: True)
    await papers.sweep(seconds=3600.0)
    (papers.folder / "objects" / f"{orphan}.cutshort").write_bytes(b"half")
    assert len(papers.kept()) == 3, "a fresh object may belong to somebody who has not committed yet"
    await papers.sweep()
    assert papers.kept() == [f"objects/{hashlib.sha256(PDF).hexdigest()}"]
    assert (await papers.judging.get(f"{kept}/content", OPERATOR)).content == PDF


@pytest.mark.promise("I10")
async def test_a_seal_that_dies_before_its_commit_is_repeated_and_its_content_is_there_once(papers: Papers):
    path = await papers.uploading(PDF)
    failpoints.arm("command.before_commit=raise")
    try:
        assert (await papers.seal(path)).status_code == 500
    finally:
        failpoints.arm("")
    assert (await papers.judging.get(path, OPERATOR)).json()["state"] == "UPLOADING"
    assert len(papers.kept()) == 4, "three parts, and a content that no row names yet"
    assert (await papers.seal(path)).json()["state"] == "SEALED"
    await papers.sweep()
    assert papers.kept() == [f"objects/{hashlib.sha256(PDF).hexdigest()}"]


async def test_an_upload_that_nobody_goes_on_with_ends_and_one_under_way_is_left_alone(papers: Papers):
    content = b"%PDF-1.7\n"
    path = await papers.uploading(content)
    await papers.sweep()
    assert (await papers.judging.get(path, OPERATOR)).json()["state"] == "UPLOADING"
    papers.judging.clock.move_to(papers.judging.clock.now() + timedelta(hours=25))
    await papers.sweep()
    assert (await papers.judging.get(path, OPERATOR)).json()["state"] == "EXPIRED"
    assert papers.kept() == []
    late = await papers.seal(path)
    assert (late.status_code, late.json()["code"]) == (409, "document-not-uploading")


async def test_a_content_that_is_lost_is_said_to_be(papers: Papers):
    path = await papers.sealed(PDF)
    await papers.objects.remove(hashlib.sha256(PDF).hexdigest())
    lost = await papers.judging.get(f"{path}/content", papers.site.owner)
    assert (lost.status_code, lost.json()["code"]) == (409, "document-content-lost")


class Blind:
    """Finds nothing."""

    def feed(self, chunk: bytes) -> None: ...

    def finding(self) -> str | None:
        return None


class _Clamd(socketserver.StreamRequestHandler):
    """A stand-in that speaks clamd's protocol: it says what the first byte of a content asks for."""

    def handle(self) -> None:
        assert self.rfile.read(10) == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack("!I", self.rfile.read(4))[0]:
            content += self.rfile.read(size)
        verdict = {b"c": b"stream: OK\0", b"v": b"stream: Some.Virus FOUND\0", b"e": b"INSTREAM size limit. ERROR\0"}
        self.wfile.write(verdict[content[:1]])


@pytest.fixture
def clamd() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Clamd) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize(("content", "finding"), [(b"clean" * 1000, None), (b"virus", "Some.Virus")])
def test_clamd_is_asked_in_its_protocol(clamd: str, content: bytes, finding: str | None):
    scanner = ClamdScanner(clamd, 2.0)
    for start in range(0, len(content), 700):
        scanner.feed(content[start : start + 700])
    assert scanner.finding() == finding


def test_a_scanner_that_errs_or_is_away_calls_nothing_clean(clamd: str):
    scanner = ClamdScanner(clamd, 2.0)
    scanner.feed(b"error")
    with pytest.raises(ScannerUnavailableError):
        scanner.finding()
    with pytest.raises(ScannerUnavailableError):
        ClamdScanner("127.0.0.1:1", 0.5)
