"""The stylesheet and the icon, each under a name that its content decides: a browser may keep it for ever."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

_FOLDER = Path(__file__).parents[2] / "page_assets"
_MEDIA_TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
_HASH_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is served."""

    content: bytes
    media_type: str


def _read() -> tuple[Mapping[str, Asset], Mapping[str, str]]:
    served, addresses = {}, {}
    for path in sorted(_FOLDER.iterdir()):
        content = path.read_bytes()
        name = f"{path.stem}-{hashlib.sha256(content).hexdigest()[:_HASH_DIGITS]}{path.suffix}"
        served[name] = Asset(content, _MEDIA_TYPES[path.suffix])
        addresses[path.name] = f"/assets/{name}"
    return MappingProxyType(served), MappingProxyType(addresses)


ASSETS, _ADDRESSES = _read()


def address_of(name: str) -> str:
    """Where a file of `page_assets` is served."""
    return _ADDRESSES[name]
