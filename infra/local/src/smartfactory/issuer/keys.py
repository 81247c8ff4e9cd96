"""The issuer's ES256 keys, kept in a file: published before they sign, and for as long as what they signed may live."""

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from smartfactory.issuer.tokens import LIFETIME_SECONDS

# A service asks for keys every ten seconds at most: one who meets a new key already has the two after it, so that no
# token is refused while keys are changed every five seconds or more slowly.
_AHEAD = 2
_LEEWAY_SECONDS = 60


class NoSuchKey(Exception):
    """The key to be withdrawn is not, or no longer, published."""


@dataclass(frozen=True, slots=True)
class _Retired:
    key: ECKey
    until: float


class KeyRing:
    """The keys of one installation: the one that signs, those that will, and those whose tokens are still alive."""

    def __init__(self, path: Path, *, real_time: Callable[[], float] = time.time) -> None:
        self._path, self._real_time = path, real_time
        self._current: list[ECKey] = []
        self._retired: list[_Retired] = []
        if path.exists():
            self._read(json.loads(path.read_text()))
        if len(self._current) <= _AHEAD:
            self._fill()
            self._keep()

    @property
    def signing_key(self) -> ECKey:
        """The key new tokens are signed with."""
        return self._current[0]

    def rotate(self) -> str:
        """Sign with the next key from now on, and give its id; what the last one signed stays good."""
        until = self._real_time() + LIFETIME_SECONDS + _LEEWAY_SECONDS
        self._retired.append(_Retired(self._current.pop(0), until))
        self._fill()
        self._keep()
        return _kid(self.signing_key)

    def revoke(self, kid: str) -> None:
        """Withdraw a key at once, with every token that it signed; raises `NoSuchKey`."""
        if kid not in {_kid(key) for key in self._all()}:
            raise NoSuchKey(kid)
        self._current = [key for key in self._current if _kid(key) != kid]
        self._retired = [each for each in self._retired if _kid(each.key) != kid]
        self._fill()
        self._keep()

    def published(self) -> dict[str, list[dict[str, object]]]:
        """The JSON Web Key Set: public halves only, the signing key first."""
        marks = {"use": "sig", "alg": "ES256"}
        return {"keys": [{**key.as_dict(private=False), "kid": _kid(key), **marks} for key in self._all()]}

    def _all(self) -> list[ECKey]:
        now = self._real_time()
        return [*self._current, *(each.key for each in reversed(self._retired) if each.until > now)]

    def _fill(self) -> None:
        while len(self._current) <= _AHEAD:
            self._current.append(ECKey.generate_key("P-256", auto_kid=True))

    def _read(self, kept: list[dict[str, Any]]) -> None:
        for entry in kept:
            until = entry.pop("retired_until", None)
            key = ECKey.import_key(entry)
            if until is None:
                self._current.append(key)
            else:
                self._retired.append(_Retired(key, until))

    def _keep(self) -> None:
        now = self._real_time()
        self._retired = [each for each in self._retired if each.until > now]
        retired = [{**each.key.as_dict(private=True), "retired_until": each.until} for each in self._retired]
        write_secret(self._path, json.dumps([*(key.as_dict(private=True) for key in self._current), *retired]))


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
