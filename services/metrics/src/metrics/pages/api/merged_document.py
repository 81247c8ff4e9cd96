"""The one OpenAPI document of all services, as this package carries it; made by `python -m tools.catalogue`."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

_CARRIED = Path(__file__).parents[2] / "origin_openapi.json"
_HASH_DIGITS = 16


@dataclass(frozen=True, slots=True)
class MergedDocument:
    """The document as it is served, and the ETag of this content."""

    content: bytes
    tag: str


@cache
def merged_document() -> MergedDocument:
    """Read it, which takes some hundredths of a second the first time; then it is kept."""
    content = msgspec.json.format(_CARRIED.read_bytes(), indent=-1)
    return MergedDocument(content, f'"{hashlib.sha256(content).hexdigest()[:_HASH_DIGITS]}"')
