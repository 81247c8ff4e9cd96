"""What a setting has to be, told in both languages: how addresses are read, and the sentences about those that are not.

A value is never repeated: it may be a secret, or half of one.
"""

import types
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin
from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from common.errors import Text

_LARGEST_PORT = 65_535
_PORTS_UNSAID = {"http": 80, "https": 443}

_WEB_ADDRESS = Text(
    "https://host/path 꼴의 주소여야 합니다 (?와 # 뒤는 쓸 수 없습니다)",
    "it must be an address like https://host/path, with nothing after ? or #",
)
_WEB_ORIGIN = Text(
    "https://host 또는 https://host:port 꼴이어야 합니다 (경로는 쓸 수 없고, 한글 도메인은 xn-- 꼴로 적습니다)",
    "it must be an origin like https://host or https://host:port, without a path; a Korean domain in its xn-- form",
)
_DATABASE_ADDRESS = Text(
    "postgresql://role:password@host:port/database 꼴의 주소여야 합니다",
    "it must be an address like postgresql://role:password@host:port/database",
)
_BROKERS = Text("host:port를 쉼표로 이은 목록이어야 합니다", "it must be `host:port`, several of them joined by commas")
_SAID = {text.en: text for text in (_WEB_ADDRESS, _WEB_ORIGIN, _DATABASE_ADDRESS, _BROKERS)}


def web_address(value: str) -> str:
    """The address as it is, or ValueError with what one looks like."""
    parts = _split(value, _WEB_ADDRESS)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(_WEB_ADDRESS.en)
    return value


def web_origin(value: str) -> str:
    """The origin as browsers write it (RFC 6454, section 6), or ValueError with what one looks like.

    Browsers compare it letter by letter, and name it in small letters and without the port that goes without saying.
    """
    parts = _split(value, _WEB_ORIGIN)
    plain = value.isascii() and value.isprintable() and not set(value) & set(" ?#@%\\")
    if parts.scheme not in _PORTS_UNSAID or not parts.hostname or parts.path or not plain:
        raise ValueError(_WEB_ORIGIN.en)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    unsaid = parts.port in {None, _PORTS_UNSAID[parts.scheme]}
    return f"{parts.scheme}://{host}" if unsaid else f"{parts.scheme}://{host}:{parts.port}"


def listed_origin(value: str) -> str:
    """The same of one of a list, in which * is every origin."""
    return value if value == "*" else web_origin(value)


def database_address(value: SecretStr) -> SecretStr:
    """The address as it is, or ValueError with what one looks like."""
    parts = _split(value.get_secret_value(), _DATABASE_ADDRESS)
    if parts.scheme not in {"postgresql", "postgresql+asyncpg"} or not parts.hostname or len(parts.path) <= 1:
        raise ValueError(_DATABASE_ADDRESS.en)
    return value


def broker_list(value: str) -> str:
    """The list as it is, or ValueError with what one looks like."""
    for broker in value.split(","):
        host, _, port = broker.strip().rpartition(":")
        if not host or not (port.isascii() and port.isdigit() and 0 < int(port) <= _LARGEST_PORT):
            raise ValueError(_BROKERS.en)
    return value


def missing(field: str) -> Text:
    """That a setting without a default has no value."""
    name = field.upper()
    if field == "app_env":
        return Text(
            f"{name}이(가) 설정되지 않았습니다: local, test, production 중 하나를 적으세요",
            f"{name} is not set: set it to local, test or production",
        )
    return Text(f"{name}이(가) 설정되지 않았습니다: 값을 적으세요", f"{name} is not set: set it")


def wrong(field: str, declared: FieldInfo, said: str = "") -> Text:
    """That a setting's value is none, and what it must be: as its validator says, or as it is declared."""
    must = _SAID.get(said) or _declared(declared)
    return Text(f"{field.upper()}이(가) 잘못되었습니다: {must.ko}", f"{field.upper()} is wrong: {must.en}")


def _declared(field: FieldInfo) -> Text:
    kind = _kind(field.annotation)
    if get_origin(kind) is Literal:
        choices = ", ".join(str(choice) for choice in get_args(kind))
        return Text(f"{choices} 중 하나여야 합니다", f"it must be one of {choices}")
    if kind is bool:
        return Text("true 또는 false여야 합니다", "it must be true or false")
    if kind in {int, float}:
        ko, en = ("정수", "a whole number") if kind is int else ("수", "a number")
        low, high = _bounds(field.metadata)
        return Text(f"{low.ko}{high.ko}{ko}여야 합니다", f"it must be {en}{low.en}{high.en}")
    if kind is Path:
        return Text("경로여야 합니다", "it must be a path")
    return Text("글자여야 합니다", "it must be text")


def _kind(annotation: Any) -> Any:  # noqa: ANN401  whatever a field may be declared as
    """The one type that a value may have, None aside."""
    if get_origin(annotation) in {Union, types.UnionType}:
        return next(each for each in get_args(annotation) if each is not type(None))
    return annotation


def _bounds(metadata: Iterable[object]) -> tuple[Text, Text]:
    low = high = Text("", "")
    for bound in metadata:  # pydantic keeps each as an object with one of these four
        if (least := getattr(bound, "ge", None)) is not None:
            low = Text(f"{least} 이상 ", f" of at least {least}")
        if (below := getattr(bound, "gt", None)) is not None:
            low = Text(f"{below}보다 큰 ", f" above {below}")
        if (most := getattr(bound, "le", None)) is not None:
            high = Text(f"{most} 이하의 ", f", at most {most}")
        if (above := getattr(bound, "lt", None)) is not None:
            high = Text(f"{above}보다 작은 ", f", below {above}")
    return low, high


def _split(value: str, otherwise: Text) -> Any:  # noqa: ANN401  urlsplit's result, whose type is the value's
    try:
        parts = urlsplit(value)
        _ = parts.port  # read, and refused, only when it is asked for
    except ValueError:
        raise ValueError(otherwise.en) from None
    return parts
