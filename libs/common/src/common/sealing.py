"""What is handed to somebody else to keep, and must come back unread and unchanged: encrypted with a key for each use.

Whatever opens was sealed with the same key for the same use; nothing sealed for one use opens in another.
"""

import hashlib
import hmac

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

_HEADER = {"alg": "dir", "enc": "A256GCM"}
_ALGORITHMS = list(_HEADER.values())


class NotSealed(Exception):
    """It was not sealed by us, not with this key, not for this use, or it was changed since."""


def derived(key: bytes, use: str) -> bytes:
    """The key of one use: 32 bytes that tell nothing of the others'."""
    return hmac.digest(key, use.encode(), hashlib.sha256)


def seal(content: bytes, *, key: bytes, use: str) -> str:
    """Encrypt into characters that a cookie and a column can hold; a third longer, and ninety characters more."""
    return jwe.encrypt_compact(_HEADER, content, OctKey.import_key(derived(key, use)), algorithms=_ALGORITHMS)


def unseal(sealed: str, *, key: bytes, use: str) -> bytes:
    """What was sealed; raises `NotSealed`."""
    try:
        found = jwe.decrypt_compact(sealed, OctKey.import_key(derived(key, use)), algorithms=_ALGORITHMS)
    # A header of other kinds of values than the library expects is met as a TypeError.
    except (JoseError, ValueError, TypeError) as error:
        raise NotSealed(type(error).__name__) from None
    return found.plaintext or b""
