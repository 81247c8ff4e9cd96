"""What comes back from a browser opens only if it was sealed here; whatever else it is, it is refused and no fault."""

import base64

import pytest

from common.sealing import NotSealed, seal, unseal

KEY = b"0123456789abcdef0123456789abcdef"


def with_header(header: bytes) -> str:
    """Something sealed, under another header."""
    first = base64.urlsafe_b64encode(header).rstrip(b"=").decode()
    return ".".join([first, *seal(b"content", key=KEY, use="a cookie").split(".")[1:]])


def test_what_was_sealed_opens_for_its_own_use_and_with_its_own_key() -> None:
    sealed = seal(b"content", key=KEY, use="a cookie")
    assert unseal(sealed, key=KEY, use="a cookie") == b"content"
    for key, use in ((KEY, "a session"), (KEY[::-1], "a cookie")):
        with pytest.raises(NotSealed):
            unseal(sealed, key=key, use=use)


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b"null",
        b"\xff",
        b'{"alg":"none"}',
        b'{"alg":[],"enc":{}}',
        b'{"alg":"dir","enc":"A256GCM","crit":1}',
        b'{"alg":"dir","enc":"A256GCM","zip":"DEF"}',
    ],
)
def test_a_header_that_is_not_ours_is_refused(header: bytes) -> None:
    with pytest.raises(NotSealed):
        unseal(with_header(header), key=KEY, use="a cookie")


@pytest.mark.parametrize("sealed", ["", "....", "a.b.c.d.e", "\xe9.a.b.c.d"])
def test_what_was_never_sealed_is_refused(sealed: str) -> None:
    with pytest.raises(NotSealed):
        unseal(sealed, key=KEY, use="a cookie")
