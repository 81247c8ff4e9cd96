"""The issuer's ES256 keys: kept in a file, the newest signs, the ones before it still verify for a while."""

import contextlib
import json
from pathlib import Path

from joserfc.jwk import ECKey

_PUBLISHED = 3  # a token lives ten minutes; three generations outlive it at any pace a person rotates


class KeyRing:
    """The signing keys of one installation, newest first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys: list[ECKey] = []
        if path.exists():
            self._keys = [ECKey.import_key(entry) for entry in json.loads(path.read_text())]
        if not self._keys:
            self.rotate()

    @property
    def signing_key(self) -> ECKey:
        """The key new tokens are signed with."""
        return self._keys[0]

    def rotate(self) -> str:
        """Make a new signing key, publish it beside the ones before, and give its id."""
        fresh = ECKey.generate_key("P-256", auto_kid=True)
        self._keys = [fresh, *self._keys][:_PUBLISHED]
        private = json.dumps([key.as_dict(private=True) for key in self._keys])
        write_secret(self._path, private)
        return _kid(fresh)

    def published(self) -> dict[str, list[dict[str, object]]]:
        """The JSON Web Key Set: public halves only."""
        marks = {"use": "sig", "alg": "ES256"}
        return {"keys": [{**key.as_dict(private=False), "kid": _kid(key), **marks} for key in self._keys]}


def write_secret(path: Path, content: str) -> None:
    """Replace a file that only we may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    fresh.touch(mode=0o600)
    fresh.write_text(content)
    fresh.replace(path)


def _kid(key: ECKey) -> str:
    kid = key.kid
    if kid is None:
        raise ValueError("a key of the ring has no id")
    return kid
