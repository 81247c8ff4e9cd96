"""What the pages need beside themselves: their assets, the way to the API's documentation, and the page of no page."""

import asyncio
from typing import Annotated

from fastapi import Header, Request, Response

from common.auth import Principal
from common.web import anyone, is_known, kinds
from common.web.kinds import Refused
from metrics.pages.api.assets import ASSETS
from metrics.pages.api.merged_document import merged_document
from metrics.pages.api.shell import page, routes
from metrics.pages.domain.developer_words import DeveloperWords

_FOR_A_YEAR = "public, max-age=31536000, immutable"
_LONGEST_TAGS = 1_000
_NOT_MODIFIED = 304
_SERVICES = ("applicant", "funding", "mentoring", "metrics")


@routes.get("/assets/{name}", operation_id="readAsset")
async def read_asset(name: str, by: Annotated[Principal | None, anyone()]) -> Response:
    """A file by the name that its content decides; of another content there is none."""
    asset = ASSETS.get(name)
    if asset is None:
        raise Refused(kinds.ROUTE_NOT_FOUND)
    return Response(asset.content, headers={"Content-Type": asset.media_type, "Cache-Control": _FOR_A_YEAR})


@routes.get("/developers", operation_id="showDevelopers")
async def show_developers(request: Request, by: Annotated[Principal | None, anyone()]) -> Response:
    """The API documentation: one document of all services, and each service's own."""
    return page(request, "developers.html", DeveloperWords, reader=by, services=_SERVICES)


@routes.get("/developers/openapi.json", operation_id="readMergedDocument")
async def read_merged_document(
    by: Annotated[Principal | None, anyone()],
    if_none_match: Annotated[str | None, Header(max_length=_LONGEST_TAGS)] = None,
) -> Response:
    """All services' APIs in one OpenAPI document, for whoever makes a client; 304 for who has this one."""
    document = await asyncio.to_thread(merged_document)
    headers = {"ETag": document.tag, "Cache-Control": "public, no-cache"}
    if is_known(document.tag, if_none_match):
        return Response(status_code=_NOT_MODIFIED, headers=headers)
    return Response(document.content, media_type="application/json", headers=headers)


@routes.get("/no-such-page", operation_id="showNoSuchPage")
async def show_no_such_page(by: Annotated[Principal | None, anyone()]) -> Response:
    """What the gateway shows a browser for an address that nobody serves."""
    raise Refused(kinds.ROUTE_NOT_FOUND)
