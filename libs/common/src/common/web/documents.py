"""The pages for people: the API explorer without a foreign server, and one page for every problem."""

import html
from collections.abc import Mapping
from pathlib import Path

import fastapi_offline
from fastapi import FastAPI, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from common.web import kinds
from common.web.kinds import ProblemKind, Refused
from common.web.language import preferred, say
from common.web.published_document import PublishedDocument

_FOLDER = Path(fastapi_offline.__file__).parent / "static"
_ASSETS = frozenset({"favicon.png", "swagger-ui.css", "swagger-ui-bundle.js"})
_POLICY = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; "
        "base-uri 'none'; form-action 'self'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_EXPLORER = """<!doctype html>
<html lang="ko"><head><meta charset="utf-8"><title>{title}</title>
<link rel="icon" href="{root}/docs/assets/favicon.png">
<link rel="stylesheet" href="{root}/docs/assets/swagger-ui.css"></head>
<body><div id="explorer" data-document="{root}/openapi.json"></div>
<script src="{root}/docs/assets/swagger-ui-bundle.js"></script>
<script src="{root}/docs/start.js"></script></body></html>
"""
_START = """"use strict";
const explorer = document.getElementById("explorer");
SwaggerUIBundle({
  dom_id: "#explorer", url: explorer.dataset.document, deepLinking: true, validatorUrl: null,
  docExpansion: "list", defaultModelsExpandDepth: 0,
});
"""
_PROBLEM_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{code}</title></head>
<body><h1>{title}</h1><p><code>{code}</code> (HTTP {status})</p><p>{detail}</p>
<h2 lang="{other_language}">{other_title}</h2><p lang="{other_language}">{other_detail}</p></body></html>
"""


def add_documents(app: FastAPI, problems: Mapping[str, ProblemKind], published: PublishedDocument) -> None:
    """Serve /openapi.json, /docs, /problems and /problems/{code}."""

    async def document(_request: Request) -> Response:
        return Response(await published.content(), media_type="application/json")

    async def explorer(request: Request) -> Response:
        root = html.escape(request.scope.get("root_path", ""))
        return HTMLResponse(_EXPLORER.format(title=html.escape(app.title), root=root), headers=_POLICY)

    async def start(_request: Request) -> Response:
        return Response(_START, media_type="text/javascript", headers=_POLICY)

    async def asset(request: Request) -> Response:
        # A route per file and no mounted folder: a mount looks below the prefix that the gateway has stripped.
        name = request.path_params["name"]
        if name not in _ASSETS:
            raise Refused(kinds.ROUTE_NOT_FOUND)
        return FileResponse(_FOLDER / name, headers=_POLICY)

    async def index(_request: Request) -> Response:
        return JSONResponse({"problems": [_entry(kind) for kind in problems.values()]})

    async def page(request: Request) -> Response:
        kind = problems.get(request.path_params["code"])
        if kind is None:
            raise Refused(kinds.ROUTE_NOT_FOUND)
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(_page(kind, request), headers=_POLICY)
        return JSONResponse(_entry(kind))

    app.router.routes.extend(
        [
            Route("/openapi.json", document, include_in_schema=False),
            Route("/docs", explorer, include_in_schema=False),
            Route("/docs/start.js", start, include_in_schema=False),
            Route("/docs/assets/{name}", asset, include_in_schema=False),
            Route("/problems", index, include_in_schema=False),
            Route("/problems/{code}", page, include_in_schema=False),
        ]
    )


def _entry(kind: ProblemKind) -> dict[str, object]:
    return {
        "code": kind.code,
        "status": kind.status,
        "title": {"ko": kind.title.ko, "en": kind.title.en},
        "detail": {"ko": kind.detail.ko, "en": kind.detail.en},
    }


def _page(kind: ProblemKind, request: Request) -> str:
    language = preferred(request.headers.get("accept-language"))
    other = preferred("en" if language == "ko" else "ko")
    return _PROBLEM_PAGE.format(
        language=language,
        other_language=other,
        code=html.escape(kind.code),
        status=kind.status,
        title=html.escape(say(kind.title, language)),
        detail=html.escape(say(kind.detail, language)),
        other_title=html.escape(say(kind.title, other)),
        other_detail=html.escape(say(kind.detail, other)),
    )
