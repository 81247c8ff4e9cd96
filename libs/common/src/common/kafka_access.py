"""Makes Kafka know who may sign in and what each may do: exactly what it is told here, and nothing from before.

It asks by Kafka's own administrative requests (two of which aiokafka lacks), as a principal whom the broker's
settings let do everything; Kafka's tools would do the same with a Java of their own for each step. For a broker that
belongs to one installation: rights that are not among those given here are taken away, and who has none left may no
longer sign in.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Array,
    Boolean,
    CompactArray,
    CompactBytes,
    CompactString,
    Float64,
    Int8,
    Int16,
    Int32,
    Schema,
    String,
    TaggedFields,
)

from common.kafka import KafkaFault, KafkaOptions, short
from common.kafka_rights import Access, Right, rights_of
from common.waiting import bounded

_SECONDS = 30.0
_LOOK_SECONDS = 0.05
_CLOSE_SECONDS = 5.0

_SHA_512, _ITERATIONS, _SALT_BYTES = 2, 8_192, 16  # Kafka takes 4,096 to 16,384
_HAS_NO_PASSWORD = 91
_READ_PACE = "consumer_byte_rate"
_ANY, _ALLOW, _LITERAL, _ANYWHERE = 1, 3, 3, "*"

_Line: TypeAlias = tuple[int, str, int, str, str, int, int]
"""Of the access list: resource and name, how the name is meant, principal and host, operation, allowed or denied."""


async def keep_access(options: KafkaOptions, accesses: Collection[Access], passwords: Mapping[str, str]) -> None:
    """Set every principal's password and pace, add the rights that are missing, take away those that nobody has now.

    It returns when the broker goes by them. Who is signed in stays so; a right that is taken away ends at once.
    """
    prefixes = {"topic_prefix": options.topic_prefix, "group_prefix": options.group_prefix}
    wanted = {_line(right) for access in accesses for right in rights_of(access, **prefixes)}
    stay = {access.principal: passwords[access.principal] for access in accesses}
    client = AIOKafkaClient(**options.clients())
    try:
        async with asyncio.timeout(_SECONDS):
            await client.bootstrap()
            known = await _known(client)
            await _set_passwords(client, stay, gone={_principal_of(line) for line in known} - stay.keys())
            await _set_paces(client, accesses)
            await _add(client, sorted(wanted - known))
            await _remove(client, sorted(known - wanted))
            # The controller has said yes; the broker follows its log a moment later, passwords before rights.
            while await _known(client) != wanted:  # noqa: ASYNC110  it is the broker's event, not ours
                await asyncio.sleep(_LOOK_SECONDS)
    except (KafkaError, OSError) as error:
        raise KafkaFault(f"access to Kafka could not be set: {short(error)}") from error
    finally:
        await bounded(client.close(), _CLOSE_SECONDS, "close the administrator's connections")


def _line(right: Right) -> _Line:
    who = f"User:{right.principal}"
    return int(right.resource), right.name, _LITERAL, who, _ANYWHERE, int(right.operation), _ALLOW


def _principal_of(line: _Line) -> str:
    return line[3].removeprefix("User:")


async def _set_passwords(client: AIOKafkaClient, stay: Mapping[str, str], *, gone: Collection[str]) -> None:
    salted: list[tuple[str, int, int, bytes, bytes, dict[str, object]]] = []
    for principal, password in stay.items():
        salt = secrets.token_bytes(_SALT_BYTES)
        kept = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
        salted.append((principal, _SHA_512, _ITERATIONS, salt, kept, {}))
    answer = await _ask(client, _SetPasswords([(principal, _SHA_512, {}) for principal in gone], salted))
    for principal, code, *_ in answer.results:
        if principal not in gone or code != _HAS_NO_PASSWORD:
            _refuse(code, f"the password of {principal}")


async def _set_paces(client: AIOKafkaClient, accesses: Collection[Access]) -> None:
    paces = [
        ([("user", one.principal)], [(_READ_PACE, one.read_bytes_per_second or 0, one.read_bytes_per_second is None)])
        for one in accesses
    ]
    answer = await _ask(client, _SetPaces(paces))
    for code, _message, [(_kind, principal)] in answer.entries:
        _refuse(code, f"the pace of {principal}")


async def _known(client: AIOKafkaClient) -> set[_Line]:
    answer = await _ask(client, DescribeAclsRequest(_ANY, None, _ANY, None, None, _ANY, _ANY))
    _refuse(answer.error_code, "the access list")
    return {
        (resource, name, pattern, principal, host, operation, permission)
        for resource, name, pattern, lines in answer.resources
        for principal, host, operation, permission in lines
    }


async def _add(client: AIOKafkaClient, lines: Sequence[_Line]) -> None:
    if lines:
        answer = await _ask(client, _AddLines(lines))
        for code, _ in answer.creation_responses:
            _refuse(code, "a right that is to be added")


async def _remove(client: AIOKafkaClient, lines: Sequence[_Line]) -> None:
    if lines:
        answer = await _ask(client, _RemoveLines(lines))
        for code, *_ in answer.filter_responses:
            _refuse(code, "a right that is to be taken away")


async def _ask(client: AIOKafkaClient, request: Request) -> Any:  # noqa: ANN401  aiokafka has no types
    return await client.send(client.get_random_node(), request)


def _refuse(code: int, what: str) -> None:
    if code:
        raise KafkaFault(f"{what}: {for_code(code).__name__}")


class _AddLines(CreateAclsRequest):  # type: ignore[misc]  # aiokafka has no types
    """Several lines in one request, where the client's own takes one."""

    def __init__(self, lines: Sequence[_Line]) -> None:
        self._lines = lines

    def build(self, form: type[RequestStruct]) -> RequestStruct:
        return form(self._lines)


class _RemoveLines(DeleteAclsRequest):  # type: ignore[misc]  # aiokafka has no types
    """The same for lines that go; a filter of which nothing is left open is the line itself."""

    def __init__(self, lines: Sequence[_Line]) -> None:
        self._lines = lines

    def build(self, form: type[RequestStruct]) -> RequestStruct:
        return form(self._lines)


class _PasswordsAreSet(Response):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 51
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(
                ("user", CompactString("utf-8")),
                ("error_code", Int16),
                ("error_message", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _SetPasswordsForm(RequestStruct):  # type: ignore[misc]  # aiokafka has no types
    """AlterUserScramCredentials (KIP-554): the salted password, never the password."""

    FLEXIBLE_VERSION = True
    API_KEY = 51
    API_VERSION = 0
    RESPONSE_TYPE = _PasswordsAreSet
    SCHEMA = Schema(
        ("deletions", CompactArray(("name", CompactString("utf-8")), ("mechanism", Int8), ("tags", TaggedFields))),
        (
            "upsertions",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _SetPasswords(Request[_SetPasswordsForm]):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 51

    def __init__(self, deletions: Sequence[tuple[Any, ...]], upsertions: Sequence[tuple[Any, ...]]) -> None:
        self._deletions, self._upsertions = deletions, upsertions

    def build(self, form: type[RequestStruct]) -> RequestStruct:
        return form(self._deletions, self._upsertions, {})


_ENTITY = Array(("entity_type", String("utf-8")), ("entity_name", String("utf-8")))


class _PacesAreSet(Response):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 49
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("entries", Array(("error_code", Int16), ("error_message", String("utf-8")), ("entity", _ENTITY))),
    )


class _SetPacesForm(RequestStruct):  # type: ignore[misc]  # aiokafka has no types
    """AlterClientQuotas (KIP-546)."""

    API_KEY = 49
    API_VERSION = 0
    RESPONSE_TYPE = _PacesAreSet
    SCHEMA = Schema(
        (
            "entries",
            Array(
                ("entity", _ENTITY),
                ("ops", Array(("key", String("utf-8")), ("value", Float64), ("remove", Boolean))),
            ),
        ),
        ("validate_only", Boolean),
    )


class _SetPaces(Request[_SetPacesForm]):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 49

    def __init__(self, paces: Sequence[tuple[Any, ...]]) -> None:
        self._paces = paces

    def build(self, form: type[RequestStruct]) -> RequestStruct:
        return form(self._paces, False)  # noqa: FBT003  of the request, which knows no names
