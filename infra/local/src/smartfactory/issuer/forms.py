"""Forms as OAuth sends them: URL-encoded, short, and each name once."""

from urllib.parse import parse_qsl

from fastapi import Request

_MOST_BYTES = 8_192
_MOST_FIELDS = 40


class BadForm(Exception):
    """`invalid_request`: the form is none, too long, or says a name twice."""


def pairs_of(encoded: str) -> list[tuple[str, str]]:
    """Names and values in their order; what is too much is left out, and what is no UTF-8 replaced."""
    try:
        return parse_qsl(encoded, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return []


async def form_of(request: Request) -> dict[str, str]:
    """The form of a request; raises `BadForm`."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        raise BadForm("the body is application/x-www-form-urlencoded")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise BadForm("the form is too long")
    pairs = pairs_of(body.decode("ascii", "replace"))
    form = dict(pairs)
    if len(form) != len(pairs):
        raise BadForm("a name stands twice")
    return form
