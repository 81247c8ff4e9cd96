"""The head's bound holds to the byte, however the bytes came to the process."""

import json
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.types import Message

from common.web.edge import Edge
from common.web.protocol import HEAD_BYTES_MAX

pytestmark = pytest.mark.promise("R27")


def of_size(size: int) -> bytes:
    """A whole request head of many short lines, of exactly so many bytes."""
    head = b"GET /v1/notes?a=b HTTP/1.1\r\nHost: x\r\n" + b"".join(b"A-%d: b\r\n" % n for n in range(8_000))
    return head + b"Rest: " + b"x" * (size - len(head) - len(b"Rest: \r\n\r\n")) + b"\r\n\r\n"


async def answered(head: bytes) -> dict[str, Any]:
    lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")[1:]
    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": "GET",
        "http_version": "1.1",
        "path": "/v1/notes",
        "raw_path": b"/v1/notes",
        "query_string": b"a=b",
        "headers": [(name.lower(), value) for name, _, value in (line.partition(b": ") for line in lines)],
    }
    edge = Edge(Starlette(), root_path="", timeout_seconds=5, max_body_bytes=1_000)
    await edge(scope, receive, send)
    return {"status": said[0]["status"], "body": said[1]["body"]}


@pytest.mark.parametrize(("size", "status"), [(HEAD_BYTES_MAX, 404), (HEAD_BYTES_MAX + 1, 431)])
async def test_a_head_that_came_whole_is_measured_as_it_was_sent(size: int, status: int):
    head = of_size(size)
    assert len(head) == size
    answer = await answered(head)
    assert answer["status"] == status
    if status == 431:
        assert json.loads(answer["body"])["code"] == "headers-too-large"
