"""What is offered is told as the routes have it: by whom, in which words, at which address of the one origin."""

from collections.abc import Sequence

from starlette.requests import Request

from common.api import build_app
from common.auth import Principal
from common.errors import DomainError, RuleRefused, Text
from common.settings import ServiceSettings
from common.web import actions_of
from tests.integration.web.notebook.main import SERVICE, WRITER


class Closed(RuleRefused):
    code = "closed"
    title = Text("닫힘", "Closed")
    detail = Text("닫혔습니다.", "It is closed.")


async def _nothing() -> Sequence[DomainError]:
    return []


async def _closed() -> Sequence[DomainError]:
    return [Closed()]


async def _never() -> Sequence[DomainError]:
    raise AssertionError("a rule is not asked for a role that may not call")


def _request() -> Request:
    nowhere = "postgresql://nobody@127.0.0.1:1/x"
    settings = ServiceSettings(app_env="test", database_url=nowhere, root_path="/notebook")  # type: ignore[arg-type]
    app = build_app(SERVICE, settings)
    return Request({"type": "http", "method": "GET", "path": "/", "headers": [], "app": app, "root_path": "/notebook"})


async def test_what_is_open_is_told_with_its_request_and_what_is_closed_with_its_reasons():
    writer, stranger = (Principal("issuer", "kim", role, "t-1", "token") for role in (WRITER, "nobody.special"))
    against = {"rewriteNote": _nothing, "writeNote": _closed, "readTime": _nothing}

    actions, closed = await actions_of(_request(), writer, against, note_id=7)
    assert [(each.operation_id, each.ko, each.en, each.method, each.path) for each in actions] == [
        ("rewriteNote", "쪽지 고치기", "Rewrite a note", "PUT", "/notebook/v1/notes/7"),
        ("readTime", "지금", "Programme time", "GET", "/notebook/v1/time"),
    ]
    (refused,) = closed
    assert (refused.operation_id, [(why.code, why.ko, why.en) for why in refused.because]) == (
        "writeNote",
        [("closed", "닫힘", "Closed")],
    )

    actions, closed = await actions_of(_request(), stranger, {**against, "rewriteNote": _never, "writeNote": _never})
    assert [each.operation_id for each in actions] == ["readTime"]
    assert {why.code for each in closed for why in each.because} == {"role-not-allowed"}
