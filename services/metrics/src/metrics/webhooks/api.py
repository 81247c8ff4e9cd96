"""Webhooks over HTTP: owners look after their endpoints; deliveries are listed, shown and sent again."""

from typing import Annotated, cast
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import Field

from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, ShownOnce, Tx, allowed, etag, router, with_etag
from common.web.runtime import runtime_of
from contracts.roles import MUNICIPALITY_ROLES, Role
from metrics.settings import Settings
from metrics.webhooks import queries
from metrics.webhooks.commands import deliveries, endpoints
from metrics.webhooks.commands.endpoints import Terms, owner_of
from metrics.webhooks.queries import DeliveryDetail, DeliveryState, DeliveryView, EndpointView, MessageType

routes = router(tags=["webhooks"])

_LONGEST_URL = 2_000
_MOST_TYPES = 50

_Owner = Annotated[Principal, allowed(Role.MUNICIPALITY_OFFICER, Role.MUNICIPALITY_CLIENT, Role.SAMSUNG_CLIENT)]
_Reader = Annotated[
    Principal, allowed(*sorted(MUNICIPALITY_ROLES), Role.SAMSUNG_CLIENT, Role.PLATFORM_OPERATOR, Role.AUDITOR)
]
_Sender = Annotated[
    Principal,
    allowed(Role.MUNICIPALITY_OFFICER, Role.MUNICIPALITY_CLIENT, Role.SAMSUNG_CLIENT, Role.PLATFORM_OPERATOR),
]


class _Endpoint(Body):
    url: str = Field(
        min_length=1,
        max_length=_LONGEST_URL,
        description="An https address with a public name, on port 443 or one from 1024 on.",
    )
    types: list[MessageType] = Field(
        default_factory=list, max_length=_MOST_TYPES, description="What to be told of; without any, of everything."
    )


class RegisterWebhookEndpoint(_Endpoint):
    """Where messages go, and which."""


class ChangeWebhookEndpoint(_Endpoint):
    """Where messages go from now on, and which."""


class SecretEndpoint(EndpointView):
    """An endpoint with its new secret. The secret is kept nowhere: a repeated request is answered without it."""

    secret: str | None = Field(description="`whsec_` and 32 bytes in Base64; shown this one time.")


@routes.post(
    "/v1/webhook-endpoints",
    status_code=201,
    operation_id="registerWebhookEndpoint",
    summary="알림 수신 주소 등록 (Register a webhook endpoint)",
)
async def register_webhook_endpoint(
    body: RegisterWebhookEndpoint, by: _Owner, tx: Tx, now: Now, once: ShownOnce, request: Request, response: Response
) -> SecretEndpoint:
    """시·군은 관내 과제, 삼성은 멘토링과 과제의 알림을 서명과 함께 받습니다. 비밀값은 이 응답에만 있습니다.

    A municipality is told of its own area's projects, Samsung of mentoring and projects, by messages signed as the
    Standard Webhooks specification says. The secret is in this answer and nowhere else. Order is not promised, and a
    message may come twice: count by `webhook-id`.
    """
    endpoint_id, secret = await endpoints.register_endpoint(
        tx, url=body.url, types=body.types, terms=_terms(request), by=by, now=now
    )
    return await _with_secret(tx, endpoint_id, secret, by=by, once=once, response=response)


@routes.get("/v1/webhook-endpoints", operation_id="listWebhookEndpoints", summary="수신 주소 목록 (List endpoints)")
async def list_webhook_endpoints(by: _Reader, tx: Tx, page: PageQuery) -> Page[EndpointView]:
    """자기 기관의 수신 주소. 플랫폼 운영자와 감사는 모두 봅니다. One's own; platform operators and auditors see all."""
    return await queries.list_endpoints(tx, page, owner=owner_of(by))


@routes.get(
    "/v1/webhook-endpoints/{endpoint_id}",
    operation_id="getWebhookEndpoint",
    summary="수신 주소 조회 (Read an endpoint)",
)
async def get_webhook_endpoint(endpoint_id: UUID, by: _Reader, tx: Tx, response: Response) -> EndpointView:
    """수신 주소 하나와 그 상태. 비밀값은 보이지 않습니다. One endpoint and its state, without its secret."""
    return with_etag(await queries.view_endpoint(tx, endpoint_id, owner=owner_of(by)), response)


@routes.put(
    "/v1/webhook-endpoints/{endpoint_id}",
    operation_id="changeWebhookEndpoint",
    summary="수신 주소 변경 (Change an endpoint)",
)
async def change_webhook_endpoint(
    endpoint_id: UUID,
    body: ChangeWebhookEndpoint,
    version: Annotated[int, IfMatch()],
    by: _Owner,
    tx: Tx,
    now: Now,
    request: Request,
    response: Response,
) -> EndpointView:
    """주소와 종류를 바꿉니다. 기다리던 알림도 새 주소로 갑니다. What waits goes to the new address too."""
    await endpoints.change_endpoint(
        tx, endpoint_id, url=body.url, types=body.types, version=version, terms=_terms(request), by=by, now=now
    )
    return with_etag(await queries.view_endpoint(tx, endpoint_id, owner=owner_of(by)), response)


@routes.delete(
    "/v1/webhook-endpoints/{endpoint_id}",
    operation_id="removeWebhookEndpoint",
    summary="수신 주소 삭제 (Remove an endpoint)",
)
async def remove_webhook_endpoint(
    endpoint_id: UUID, version: Annotated[int, IfMatch()], by: _Owner, tx: Tx, now: Now
) -> EndpointView:
    """기다리던 알림과 발송 기록도 함께 지웁니다. What waits for it and its records go with it."""
    removed = await queries.view_endpoint(tx, endpoint_id, owner=owner_of(by))
    await endpoints.remove_endpoint(tx, endpoint_id, version=version, by=by, now=now)
    return removed


@routes.post(
    "/v1/webhook-endpoints/{endpoint_id}/secret-rotations",
    status_code=201,
    operation_id="rotateWebhookSecret",
    summary="비밀값 교체 (Rotate an endpoint's secret)",
)
async def rotate_webhook_secret(
    endpoint_id: UUID, by: _Owner, tx: Tx, now: Now, once: ShownOnce, request: Request, response: Response
) -> SecretEndpoint:
    """새 비밀값을 만듭니다. `previous_secret_until`까지는 두 비밀값으로 모두 서명합니다.

    Makes a new secret. Until `previous_secret_until` every delivery has two signatures, by the new one and the one
    before it.
    """
    secret = await endpoints.rotate_secret(tx, endpoint_id, terms=_terms(request), by=by, now=now)
    return await _with_secret(tx, endpoint_id, secret, by=by, once=once, response=response)


@routes.post(
    "/v1/webhook-endpoints/{endpoint_id}/enablements",
    status_code=201,
    operation_id="enableWebhookEndpoint",
    summary="수신 주소 다시 켜기 (Enable an endpoint again)",
)
async def enable_webhook_endpoint(endpoint_id: UUID, by: _Owner, tx: Tx, now: Now, response: Response) -> EndpointView:
    """410으로 답하여 꺼진 주소를 다시 켭니다. 그동안 쌓인 알림이 나갑니다.

    An endpoint that answered 410 is sent to again; what waited meanwhile leaves at once.
    """
    await endpoints.enable_endpoint(tx, endpoint_id, by=by, now=now)
    return with_etag(await queries.view_endpoint(tx, endpoint_id, owner=owner_of(by)), response)


@routes.get(
    "/v1/webhook-endpoints/{endpoint_id}/deliveries",
    operation_id="listWebhookDeliveries",
    summary="발송 기록 목록 (List an endpoint's deliveries)",
)
async def list_webhook_deliveries(
    endpoint_id: UUID,
    by: _Reader,
    tx: Tx,
    page: PageQuery,
    state: Annotated[DeliveryState | None, Query()] = None,
) -> Page[DeliveryView]:
    """최근 것부터. 보내지 못한 것은 state=FAILED와 GIVEN_UP으로 찾습니다.

    The newest first; what could not be delivered is found by state=FAILED and GIVEN_UP.
    """
    return await queries.list_deliveries(tx, page, endpoint_id, owner=owner_of(by), state=state)


@routes.get(
    "/v1/webhook-deliveries/{delivery_id}",
    operation_id="getWebhookDelivery",
    summary="발송 기록 조회 (Read a delivery)",
)
async def get_webhook_delivery(delivery_id: UUID, by: _Reader, tx: Tx) -> DeliveryDetail:
    """보낸 내용과 모든 시도. What is sent, and every attempt so far."""
    return await queries.view_delivery(tx, delivery_id, owner=owner_of(by))


@routes.post(
    "/v1/webhook-deliveries/{delivery_id}/redeliveries",
    status_code=201,
    operation_id="redeliverWebhook",
    summary="알림 다시 보내기 (Send a delivery again)",
)
async def redeliver_webhook(delivery_id: UUID, by: _Sender, tx: Tx) -> DeliveryDetail:
    """같은 `webhook-id`로 바로 다시 보냅니다. 이미 받은 것도 다시 보낼 수 있습니다.

    Sent again at once under the same `webhook-id`, also if it was delivered before.
    """
    await deliveries.redeliver(tx, delivery_id, by=by)
    return await queries.view_delivery(tx, delivery_id, owner=owner_of(by))


def _terms(request: Request) -> Terms:
    settings = cast("Settings", runtime_of(request).settings)
    return Terms(
        secret_key=settings.webhook_secret_key.get_secret_value().encode(),
        endpoints_max=settings.webhook_endpoints_max,
        loopback=settings.webhook_loopback,
    )


async def _with_secret(
    tx: Tx, endpoint_id: UUID, secret: str, *, by: Principal, once: ShownOnce, response: Response
) -> SecretEndpoint:
    seen = await queries.view_endpoint(tx, endpoint_id, owner=owner_of(by))
    once.hide("secret")
    etag(response, seen.version)
    return SecretEndpoint(**seen.model_dump(), secret=secret)
