"""What a payment's archive is made of: its files, how they are packed, and reading them again. Standard library only.

With `archive_checks`, `archive_records` and `payment_archives` it is also `verify.py` in each archive (one file then).
"""

import hashlib
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

FORMAT = "smartfactory-payment-archive/2"
FIRST_FORMAT = "smartfactory-payment-archive/1"
MANIFEST, JOURNAL, CHAINS, ORDER = "manifest.json", "journal.jsonl", "chains.jsonl", "payment-order.xml"
VERIFIER = "verify.py"
PARTS = ("bank.json", "evidence.json", "ledger.json", "money.json", "payment.json", "rules.json")
_ALWAYS = frozenset({MANIFEST, JOURNAL, VERIFIER, "README.txt", *PARTS})
REQUIRED = {FIRST_FORMAT: _ALWAYS, FORMAT: _ALWAYS | {CHAINS}}
NEW_IN_MONEY = frozenset({"carry_overs", "findings", "recoveries", "repayments", "settlement"})
"""What the first format had nothing of: with it, an archive is not of that format."""
LARGEST_BYTES = 64 * 1024 * 1024
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError, StopIteration)
_EPOCH = (1980, 1, 1, 0, 0, 0)
_KNOWN = _ALWAYS | {CHAINS, ORDER}


class Finding(NamedTuple):
    """One thing that does not hold: a code for machines, where it is, and what it means in both languages."""

    code: str
    where: str
    ko: str
    en: str


class Verdict(NamedTuple):
    """What was examined: nothing found means that the archive holds. `untold` is what its format has nothing of."""

    held: Sequence[tuple[str, str]]
    findings: Sequence[Finding]
    untold: Sequence[tuple[str, str]] = ()


class Case(NamedTuple):
    """What is examined; `beside` are the decisions of other chains that the payment rests on, by chain."""

    raw: bytes
    files: Mapping[str, bytes]
    said: Mapping[str, Any]
    lines: Sequence[Any]
    decisions: Sequence[Any]
    head: str | None
    at_hand: Mapping[str, bytes]
    told: str | None
    beside_lines: Sequence[Any]

    @property
    def release(self) -> Any:  # noqa: ANN401  JSON
        """The payment."""
        return self.said["payment.json"]["release"]

    @property
    def own(self) -> Sequence[Any]:
        """The decisions about this payment."""
        return self.about("release_id", self.release["id"])

    def about(self, name: str, value: str) -> Sequence[Any]:
        """The project's decisions that name this thing."""
        return [one for one in self.decisions if one["facts"].get(name) == value]

    def beside(self, chain: str) -> Sequence[Any]:
        """The decisions of another chain: a budget line's, a rule's, a memorandum's."""
        return [body for line in self.beside_lines if (body := json.loads(line["body"]))["chain"] == chain]


class Unreadable(Exception):
    """The archive cannot be opened safely; the finding says why, and nothing in it was looked at."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.en)
        self.finding = finding


def pack(files: Mapping[str, bytes]) -> bytes:
    """The archive of these files: the same bytes for the same content, whenever and wherever it is packed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, files[name])
    return packed.getvalue()


class Head(NamedTuple):
    """Where a chain stood."""

    chain: str
    position: int
    hash: str


def manifest_of(
    files: Mapping[str, bytes], *, release_id: str, project_id: str, head: Head, beside: Sequence[Head]
) -> bytes:
    """What the other files are, by size and hash, and where the chains of decisions stood."""
    said = {
        "format": FORMAT,
        "release_id": release_id,
        "project_id": project_id,
        "chain": head._asdict(),
        "chains": [each._asdict() for each in beside],
        "files": {
            name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in sorted(files.items())
        },
    }
    return written(said)


def written(said: object) -> bytes:
    """JSON as an archive holds it: for people to read, and the same for the same content."""
    return (json.dumps(said, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


def line_of(position: int, head: str, body: str) -> bytes:
    """One decision as an archive holds it; `body` is what the hash is of, to the byte."""
    return (json.dumps({"position": position, "hash": head, "body": body}, ensure_ascii=False) + "\n").encode()


def unpack(raw: bytes) -> dict[str, bytes]:
    """The files, read in memory and only if nothing about the archive is odd; raises Unreadable."""
    if len(raw) > LARGEST_BYTES:
        raise refused("too-large", "", "64 MiB보다 큽니다", "it is larger than 64 MiB")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = archive.infolist()
            for entry in entries:
                _check_entry(entry)
            if sum(entry.file_size for entry in entries) > len(raw):
                raise refused("zip-bomb", "", "압축을 풀면 더 커집니다", "it would grow when unpacked")
            twice = [name for name, times in Counter(entry.filename for entry in entries).items() if times > 1]
            if twice:
                raise refused("name-twice", twice[0], "같은 이름의 파일이 둘입니다", "two files have this name")
            files = {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise refused("broken", "", f"잘렸거나 깨졌습니다({error})", f"cut off or broken ({error})") from error
    if missing := sorted(_ALWAYS - files.keys()):
        raise refused("file-missing", missing[0], "있어야 할 파일이 없습니다", "a file that belongs to it is missing")
    return files


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    if name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or ":" in name:
        raise refused(
            "path-traversal", name, "보관 파일 밖을 가리키는 이름입니다", "its name points out of the archive"
        )
    if name not in _KNOWN:
        raise refused("unknown-file", name, "여기에 속하지 않는 파일입니다", "this file does not belong here")
    if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1 or entry.file_size != entry.compress_size:
        raise refused("zip-bomb", name, "압축·암호화된 파일은 풀지 않습니다", "it is compressed or encrypted")


def json_of(content: bytes, where: str) -> Any:  # noqa: ANN401  whatever it holds
    """What a part says; raises Unreadable."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise refused("broken", where, "잘렸거나 깨진 파일입니다", "it is cut off or broken") from error


def lines_of(content: bytes, where: str) -> list[Any]:
    """The lines of a part that is one decision a line; raises Unreadable."""
    return [json_of(line, f"{where}:{number}") for number, line in enumerate(content.split(b"\n")[:-1], 1)]


def pairs(values: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Each value with the one after it."""
    return ((values[number], values[number + 1]) for number in range(len(values) - 1))


def subject_of(decision: Any) -> str:  # noqa: ANN401  JSON
    """Who decided, as issuer-free subject."""
    who: str = decision["actor"].split(":", 2)[2]
    return who


def moment_of(said: str | None) -> str:
    """One way to write a moment."""
    return (said or "").replace("+00:00", "Z")


def refused(code: str, where: str, ko: str, en: str) -> Unreadable:
    """Why nothing in it was looked at."""
    return Unreadable(Finding(code, where, ko, en))


def missing(where: str) -> Finding:
    """A thing that was decided is not here, or the other way."""
    return Finding("record-missing", where, "기록과 목록이 다릅니다", "decided and not here, or the reverse")


def differs(name: str, where: str, value: object) -> Finding:
    """A value is not what was decided."""
    return Finding(name, where, f"{name}이(가) 기록과 다릅니다", f"{name} was {value}")
