"""What the pages need beside themselves: their assets, the way to the API's documentation, and the page of no page."""

from typing import Annotated

from fastapi import Request, Response

from common.auth import Principal
from common.web import anyone, kinds
from common.web.kinds import Refused
from metrics.pages.api.assets import ASSETS
from metrics.pages.api.shell import page, routes
from metrics.pages.domain.developer_words import DeveloperWords

_FOR_A_YEAR = "public, max-age=31536000, immutable"
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
    """The four services' API documentation."""
    return page(request, "developers.html", DeveloperWords, reader=by, services=_SERVICES)


@routes.get("/no-such-page", operation_id="showNoSuchPage")
async def show_no_such_page(by: Annotated[Principal | None, anyone()]) -> Response:
    """What the gateway shows a browser for an address that nobody serves."""
    raise Refused(kinds.ROUTE_NOT_FOUND)
