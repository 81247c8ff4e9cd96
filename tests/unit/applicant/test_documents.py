"""What a document may be: its order of parts, its limits, and whether it is what it says it is."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from applicant.documents import domain
from applicant.documents.domain import Document, DocumentKind, DocumentState, MediaType, RefusedBecause
from common.scanning import TestTextScanner

NOW = datetime(2024, 9, 1, tzinfo=UTC)
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + rb"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
UPLOADING = Document(
    id=UUID(int=1), project_id=UUID(int=2), kind=DocumentKind.INVOICE, media_type=MediaType.PDF, sha256="a" * 64,
    size_bytes=10, replaces=None, edition=1, state=DocumentState.UPLOADING, refused_because=None, parts=0,
    received_bytes=0, announced_at=NOW, sealed_at=None, version=1,
)  # fmt: skip


def test_parts_come_in_order_and_never_to_more_than_was_announced() -> None:
    one = domain.receive(UPLOADING, 1, 6)
    assert (one.parts, one.received_bytes) == (1, 6)
    assert domain.receive(one, 2, 4).received_bytes == 10
    with pytest.raises(domain.DocumentTooLarge):
        domain.receive(one, 2, 5)
    for number in (1, 3):
        with pytest.raises(domain.PartOutOfOrder):
            domain.receive(one, number, 1)


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"size_bytes": 9}, RefusedBecause.SIZE_DIFFERS),
        ({"sha256": "b" * 64}, RefusedBecause.HASH_DIFFERS),
        ({"finding": "EICAR-TEST"}, RefusedBecause.SCANNER_FOUND),
        ({"head": b"MZ\x90\0"}, RefusedBecause.TYPE_DIFFERS),
        ({}, None),
    ],
)
def test_it_is_kept_only_if_it_is_what_was_announced(changes: dict, because: RefusedBecause | None) -> None:
    came = {"sha256": "a" * 64, "size_bytes": 10, "head": b"%PDF-1.7\n", "finding": None} | changes
    sealed = domain.seal(UPLOADING, **came, now=NOW)
    assert sealed.refused_because is because
    assert sealed.state is (DocumentState.SEALED if because is None else DocumentState.REFUSED)
    with pytest.raises(domain.DocumentNotUploading):
        domain.seal(sealed, **came, now=NOW)


@pytest.mark.parametrize(
    ("head", "media_type", "fits"),
    [
        (b"\xff\xd8\xff\xe0", MediaType.JPEG, True),
        (b"\x89PNG\r\n\x1a\n", MediaType.PNG, True),
        (b"\x89PNG\r\n\x1a\n", MediaType.JPEG, False),
        (b"PK\x03\x04", MediaType.XLSX, True),
        ("기업,금액\n".encode(), MediaType.CSV, True),
        ("가".encode() * 2 + "가".encode()[:2], MediaType.CSV, True),
        (b"\xea\x41\xb0" * 10, MediaType.CSV, False),
        (b"a,b\0", MediaType.CSV, False),
        (b"%PDF-1.7", MediaType.CSV, False),
        (b"", MediaType.PDF, False),
    ],
)
def test_the_first_bytes_say_what_it_is(head: bytes, media_type: MediaType, fits: bool) -> None:
    assert domain.looks_like(head, media_type) is fits


def test_only_the_newest_sealed_edition_is_replaced() -> None:
    sealed = replace(UPLOADING, state=DocumentState.SEALED, sealed_at=NOW)
    assert domain.replaceable(sealed, has_newer=False) == 2
    with pytest.raises(domain.DocumentReplaced):
        domain.replaceable(sealed, has_newer=True)
    with pytest.raises(domain.DocumentNotSealed):
        domain.replaceable(UPLOADING, has_newer=False)


@pytest.mark.parametrize("cut", [0, 1, 30, 67, 68])
def test_the_test_scanner_finds_its_text_also_across_two_chunks(cut: int) -> None:
    scanner = TestTextScanner()
    for chunk in (b"before" + EICAR[:cut], EICAR[cut:] + b"after"):
        scanner.feed(chunk)
    assert scanner.finding() == "EICAR-TEST"
    clean = TestTextScanner()
    clean.feed(EICAR[:-1])
    assert clean.finding() is None
