"""An endpoint: where one owner wants its messages, what it wants, and whether it still does.

ACTIVE, or DISABLED once its receiver has answered 410 (Gone), until its owner enables it again.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from uuid import UUID

from common.errors import InvalidInput, NotFound, RuleRefused, StaleVersion, Text
from metrics.webhooks.domain.messages import MessageType, subscribed

_HTTPS_PORT = 443
_LOWEST_FREE_PORT = 1024
_HIGHEST_PORT = 65_535
_LONGEST_NAME = 253
_UNICAST = IPv6Network("2000::/3")
_THIS_MACHINE = frozenset({"127.0.0.1", "[::1]", "localhost"})
# Strict on purpose: two programs that read one odd address differently are how a check is got around.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?)"
    r"(?::(?P<port>[0-9]{1,5}))?(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
)
# What names of networks of one's own end in, by RFC 6761, RFC 6762, RFC 8375 and ICANN's resolution on .internal.
_NOT_OF_THE_INTERNET = frozenset({"alt", "arpa", "internal", "invalid", "local", "localhost", "onion", "test"})
# Whatever ends in digits, or in 0x and a number, may be read as an address written in another way.
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")


class EndpointState(StrEnum):
    """Whether messages leave."""

    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One address of one owner. The secret follows from `salt`, and for a while still from the one before."""

    id: UUID
    owner: str
    url: str
    types: tuple[MessageType, ...]
    state: EndpointState
    salt: bytes
    previous_salt: bytes | None
    registered_at: datetime
    changed_at: datetime
    version: int


class WebhookUrlRefused(InvalidInput):
    """An address is https at a public name, on the usual port or a free one."""

    code = "webhook-url-refused"
    title = Text("사용할 수 없는 수신 주소", "This address cannot be used")
    detail = Text(
        "수신 주소는 소문자 이름으로 된 https 주소여야 하며, 포트는 443이나 1024 이상이고 사용자 정보와 #은 쓸 수"
        " 없습니다. 내부망 주소로는 보내지 않습니다. 저장된 것은 없습니다.",
        "An address is https with a name in lower case, on port 443 or one from 1024 on, without user information and"
        " fragment. Nothing is sent into private networks. Nothing was stored.",
    )


class WebhookEndpointNotFound(NotFound):
    """No such endpoint, or another owner's."""

    code = "webhook-endpoint-not-found"
    title = Text("수신 주소를 찾을 수 없습니다", "There is no such endpoint")
    detail = Text("수신 주소 번호를 확인해 주세요.", "Check the endpoint's id.")


class WebhookEndpointsFull(RuleRefused):
    """An owner has a few endpoints, not many."""

    code = "webhook-endpoints-full"
    title = Text("수신 주소를 더 등록할 수 없습니다", "There are as many endpoints as may be")
    detail = Text(
        "기관마다 {most}개까지 등록할 수 있습니다. 저장된 것은 없습니다. 쓰지 않는 주소를 지우고 다시 등록해 주세요.",
        "A body has {most} endpoints at most. Nothing was stored. Remove one that is not used, then register again.",
    )


class WebhookEndpointStale(StaleVersion):
    """The endpoint has changed since the caller read it."""

    code = "webhook-endpoint-stale"
    title = Text("수신 주소가 그 사이 변경되었습니다", "The endpoint has changed meanwhile")
    detail = Text(
        "현재 버전은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 판단해 주세요.",
        "It is at version {current_version}. Nothing was changed. Read it again, then decide.",
    )


class WebhookEndpointActive(RuleRefused):
    """Only what was disabled is enabled."""

    code = "webhook-endpoint-active"
    title = Text("이미 사용 중인 수신 주소", "The endpoint is active")
    detail = Text(
        "수신 주소가 사용 중이므로 다시 켤 것이 없습니다. 바뀐 것은 없습니다.",
        "The endpoint is active, so there is nothing to enable. Nothing was changed.",
    )


class WebhookEndpointDisabled(RuleRefused):
    """Nothing is sent to what said that it is gone."""

    code = "webhook-endpoint-disabled"
    title = Text("꺼진 수신 주소", "The endpoint is disabled")
    detail = Text(
        "수신 시스템이 410으로 답하여 꺼진 주소입니다. 바뀐 것은 없습니다. 주소를 다시 켜면 기다리던 알림이 나갑니다.",
        "Its receiver answered 410, so it is disabled. Nothing was changed. What waits leaves once it is enabled.",
    )


def checked_url(url: str, *, loopback: bool) -> str:
    """The address, if messages may go there at all; raises WebhookUrlRefused.

    What its name stands for is looked at before each connection, not here: that may change at any time.
    """
    found = _URL.fullmatch(url)
    if found is None or len(found["host"]) > _LONGEST_NAME:
        raise WebhookUrlRefused(field="/url")
    host, port = found["host"], int(found["port"] or _HTTPS_PORT)
    if loopback and host in _THIS_MACHINE and port <= _HIGHEST_PORT:
        return url
    usual = port == _HTTPS_PORT or _LOWEST_FREE_PORT <= port <= _HIGHEST_PORT
    if found["scheme"] != "https" or not usual or not _is_public_name(host):
        raise WebhookUrlRefused(field="/url")
    return url


def register(
    endpoint_id: UUID, *, owner: str, url: str, types: Iterable[MessageType], salt: bytes, loopback: bool, now: datetime
) -> Endpoint:
    """A new endpoint; raises WebhookUrlRefused or MessageTypeNotOffered."""
    return Endpoint(
        id=endpoint_id,
        owner=owner,
        url=checked_url(url, loopback=loopback),
        types=subscribed(types, owner=owner),
        state=EndpointState.ACTIVE,
        salt=salt,
        previous_salt=None,
        registered_at=now,
        changed_at=now,
        version=1,
    )


def change(
    endpoint: Endpoint, *, url: str, types: Iterable[MessageType], version: int, loopback: bool, now: datetime
) -> Endpoint:
    """Another address or other types; raises WebhookEndpointStale, WebhookUrlRefused or MessageTypeNotOffered."""
    check_version(endpoint, version)
    wanted = {"url": checked_url(url, loopback=loopback), "types": subscribed(types, owner=endpoint.owner)}
    return _next(endpoint, now, **wanted)


def rotate(endpoint: Endpoint, *, salt: bytes, now: datetime) -> Endpoint:
    """A new secret; the one before signs beside it for a while, and one before that no longer."""
    return _next(endpoint, now, salt=salt, previous_salt=endpoint.salt)


def disable(endpoint: Endpoint, *, now: datetime) -> Endpoint:
    """Its receiver is gone."""
    return _next(endpoint, now, state=EndpointState.DISABLED)


def enable(endpoint: Endpoint, *, now: datetime) -> Endpoint:
    """Its receiver is back; raises WebhookEndpointActive."""
    if endpoint.state is EndpointState.ACTIVE:
        raise WebhookEndpointActive
    return _next(endpoint, now, state=EndpointState.ACTIVE)


def check_version(endpoint: Endpoint, version: int) -> None:
    """Raise WebhookEndpointStale for another version than the endpoint's."""
    if endpoint.version != version:
        raise WebhookEndpointStale(current_version=endpoint.version)


def _is_public_name(host: str) -> bool:
    try:
        if host.startswith("["):
            return IPv6Address(host.strip("[]")) in _UNICAST and IPv6Address(host.strip("[]")).is_global
        return IPv4Address(host).is_global and not IPv4Address(host).is_multicast
    except ValueError:
        if host.startswith("[") or _NUMBER.fullmatch(host):
            return False
        _, dot, last = host.rpartition(".")
        return bool(dot) and last not in _NOT_OF_THE_INTERNET


def _next(endpoint: Endpoint, now: datetime, **changes: object) -> Endpoint:
    return replace(endpoint, changed_at=now, version=endpoint.version + 1, **changes)  # type: ignore[arg-type]  # own fields
