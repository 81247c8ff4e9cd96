"""The event surface for machines: one AsyncAPI 3.1 document of all topics, who publishes and who hears them."""

import inspect
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

import msgspec

from common.event import DomainEvent, Envelope, encode, encode_data, source_of
from common.examples import Examples
from common.kafka import MAX_RECORD_BYTES, PARTITIONS, retention_ms
from common.service import Service
from contracts.documents import DOCUMENTS
from contracts.examples import EXAMPLES
from tools.catalogue.system import System, service_of

PATH = "docs/events/asyncapi.json"

_BINDING = "0.5.0"
_REPLICAS = 3
_DESCRIPTION = """네 서비스가 Kafka로 주고받는 이벤트입니다. Events of the four services, on Kafka.

CloudEvents 1.0 in Kafka's binary mode: the value is the payload as JSON, every attribute is a header. The record's key
is the aggregate's id, `ce_sequence` counts from 1 without a gap per topic and key. An event may come twice (same
`ce_id`); consumers accept fields they do not know. Within `.v1` a type only gains optional fields. Topics keep
everything, so that a projection can be made anew from offset 0; but those for partners outside keep 90 days, and what
is older is in their feed."""
_SERVERS: Mapping[str, Any] = {
    "production": {
        "host": "{broker}",
        "protocol": "kafka-secure",
        "title": "운영 (production)",
        "description": "Each service has a principal that may write its own topics and read those it listens to.",
        "variables": {
            "broker": {
                "description": "The bootstrap address of the installation, as in KAFKA_BOOTSTRAP_SERVERS.",
                "default": "kafka.smartfactory.example:9093",
            }
        },
        "security": [{"$ref": "#/components/securitySchemes/scram"}, {"$ref": "#/components/securitySchemes/mtls"}],
    },
    "local": {
        "host": "127.0.0.1:9092",
        "protocol": "kafka",
        "title": "한 대에서 (on one machine)",
        "description": "`make run`: one broker without authentication, on the loopback only.",
    },
    "secured": {
        "host": "127.0.0.1:9092",
        "protocol": "kafka",
        "title": "한 대에서, 권한을 켜고 (on one machine, with access lists)",
        "description": "`make run ARGS=--secure`: the principals and rights of production (docs/events/access.md).",
        "security": [{"$ref": "#/components/securitySchemes/scram"}],
    },
}
_SECURITY: Mapping[str, Any] = {
    "scram": {"type": "scramSha512", "description": "By name and password: the services, and partners on one machine."},
    "mtls": {"type": "X509", "description": "Partners outside, by client certificate."},
}
_TEXT_HEADERS: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "ce_specversion": ({"const": "1.0"}, "The CloudEvents version."),
    "ce_id": ({"format": "uuid"}, "The event's identity: the same however often it comes."),
    "ce_source": ({"format": "uri-reference"}, "The service that tells it."),
    "ce_type": ({}, "What happened, with the version of its shape."),
    "ce_subject": ({"format": "uuid"}, "The aggregate's id, as in the record's key."),
    "ce_time": ({"format": "date-time"}, "When it happened, in programme time."),
    "ce_dataschema": ({"format": "uri"}, "The `$id` of the payload's JSON Schema."),
    "ce_partitionkey": ({"format": "uuid"}, "The record's key."),
    "ce_sequence": ({"pattern": "^[0-9]{20}$"}, "The event's number within topic and key, from 1, without a gap."),
    "ce_recordedtime": ({"format": "date-time"}, "When it was committed, in real time."),
    "ce_correlationid": ({"minLength": 1}, "Joins all that followed from one request."),
    "ce_causationid": ({"minLength": 1}, "The request or event that brought it about."),
    "ce_traceparent": ({"minLength": 1}, "W3C trace context of the transaction that committed it."),
    "content-type": ({"const": "application/json"}, "The payload's media type; tells binary from structured mode."),
}
_OPTIONAL_HEADERS = frozenset({"ce_causationid", "ce_traceparent"})
_HAPPENED = datetime(2024, 5, 14, 5, tzinfo=UTC)
_EXAMPLE_TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def documents(system: System) -> dict[str, str]:
    return {PATH: json.dumps(document(system), indent=1, ensure_ascii=False) + "\n"}


def document(system: System) -> dict[str, Any]:
    """The whole document, self-contained."""
    events = sorted(system.events, key=lambda event: (event.TOPIC, event.TYPE))
    _, schemas = msgspec.json.schema_components(events, ref_template="#/components/schemas/{name}")
    topics = {topic: list(members) for topic, members in groupby(events, key=lambda event: event.TOPIC)}
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "전북 스마트공장 지원사업 이벤트 (Jeonbuk smart factory events)",
            "version": "1.0.0",
            "description": _DESCRIPTION,
            "contact": DOCUMENTS.contact,
            "license": {"name": DOCUMENTS.licence["name"]},
            "tags": [{"name": service.name, "description": service.title.en} for service in system.services],
        },
        "defaultContentType": "application/json",
        "servers": _SERVERS,
        "channels": {_channel_id(topic): _channel(topic, members) for topic, members in topics.items()},
        "operations": dict(_operations(system, topics)),
        "components": {
            "messages": {event.__name__: _message(event, schemas) for event in events},
            "schemas": {"CloudEventHeaders": _headers(), **schemas},
            "securitySchemes": _SECURITY,
        },
    }


def example(event: type[DomainEvent], schemas: Mapping[str, Any]) -> DomainEvent:
    """One realistic event of the type, read by its own class: an example that could not be is refused here."""
    payload = Examples(schemas, EXAMPLES).of(schemas[event.__name__], model=event.__name__)
    return msgspec.convert(payload, event, strict=True)


def _channel_id(topic: str) -> str:
    """`applicant.project.v1` is `applicantProject` here: ids take no dots."""
    first, *others = topic.removesuffix(".v1").split(".")
    return first + "".join(word.capitalize() for word in others)


def _channel(topic: str, events: Sequence[type[DomainEvent]]) -> dict[str, Any]:
    return {
        "address": topic,
        "title": topic,
        "description": f"Every event of one aggregate, in the order of its commits; key: {keys_of(events)}.",
        "servers": [{"$ref": f"#/servers/{name}"} for name in _SERVERS],
        "messages": {event.__name__: {"$ref": f"#/components/messages/{event.__name__}"} for event in events},
        "bindings": {
            "kafka": {
                "topic": topic,
                "partitions": PARTITIONS,
                "replicas": _REPLICAS,
                "topicConfiguration": {
                    "cleanup.policy": ["delete"],
                    "retention.ms": retention_ms(events[0].KEPT_DAYS),
                    "max.message.bytes": MAX_RECORD_BYTES,
                },
                "bindingVersion": _BINDING,
            }
        },
    }


def keys_of(events: Sequence[type[DomainEvent]]) -> str:
    """The fields that events of one topic have their keys in."""
    return ", ".join(f"`{name}`" for name in sorted({event.KEY_FIELD for event in events}))


def _operations(system: System, topics: Mapping[str, Sequence[type[DomainEvent]]]) -> list[tuple[str, Any]]:
    made = []
    for topic, events in topics.items():
        channel, name = _channel_id(topic), _channel_id(topic)[0].upper() + _channel_id(topic)[1:]
        owner = service_of(events[0])
        publisher = _operation("send", owner, channel, events, f"{owner}가 발행합니다 ({owner} publishes)")
        made.append((f"publish{name}", {**publisher, "bindings": _kafka(clientId=_only(f"{owner}-worker"))}))
        for service in system.services:
            heard = [event for event in events if event in service.handlers]
            if heard:
                listener = _operation("receive", service.name, channel, heard, _hears(service))
                group = _kafka(groupId=_only(service.name), clientId=_only(f"{service.name}-worker"))
                made.append((f"{service.name}Receives{name}", {**listener, "bindings": group}))
    return made


def _hears(service: Service) -> str:
    return f"{service.name}가 구독합니다 ({service.name} listens, as one consumer group)"


def _operation(
    action: str, service: str, channel: str, events: Sequence[type[DomainEvent]], summary: str
) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "title": summary,
        "summary": summary,
        "tags": [{"name": service}],
        "messages": [{"$ref": f"#/channels/{channel}/messages/{event.__name__}"} for event in events],
    }


def _kafka(**members: Any) -> dict[str, Any]:  # noqa: ANN401  JSON is any
    return {"kafka": {**members, "bindingVersion": _BINDING}}


def _only(value: str) -> dict[str, Any]:
    return {"type": "string", "enum": [value]}


def _message(event: type[DomainEvent], schemas: Mapping[str, Any]) -> dict[str, Any]:
    told = example(event, schemas)
    return {
        "name": event.TYPE,
        "title": re.sub(r"(?<!^)(?=[A-Z])", " ", event.__name__).capitalize(),
        "summary": inspect.cleandoc(event.__doc__ or "").partition("\n")[0],
        "contentType": "application/json",
        "tags": [{"name": service_of(event)}],
        "headers": {
            "allOf": [
                {"$ref": "#/components/schemas/CloudEventHeaders"},
                {"properties": {"ce_type": {"const": event.TYPE}, "ce_source": {"const": source_of(event.TYPE)}}},
            ]
        },
        "payload": {"$ref": f"#/components/schemas/{event.__name__}"},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "format": "uuid", "description": f"`{event.KEY_FIELD}` of the payload."},
                "bindingVersion": _BINDING,
            }
        },
        "examples": [_example(told)],
    }


def _headers() -> dict[str, Any]:
    properties = {
        name: {"type": "string", **shape, "description": meaning} for name, (shape, meaning) in _TEXT_HEADERS.items()
    }
    return {
        "type": "object",
        "description": "Attributes of CloudEvents 1.0 as headers of a Kafka record, in UTF-8.",
        "required": [name for name in properties if name not in _OPTIONAL_HEADERS],
        "properties": properties,
    }


def _example(told: DomainEvent) -> dict[str, Any]:
    """The record as our own encoder would write it."""
    record = encode(envelope_of(told), encode_data(told))
    headers = {name: (value or b"").decode() for name, value in record.headers}
    return {"name": type(told).__name__, "headers": headers, "payload": json.loads(record.value or b"")}


def envelope_of(told: DomainEvent) -> Envelope:
    """The envelope of an example: the first event of its key."""
    return Envelope(
        event_id=UUID("0199f1c2-6a5e-7d30-9c41-8d2b6a51e0f3"),
        type=told.TYPE,
        topic=told.TOPIC,
        key=told.key,
        sequence=1,
        occurred_at=_HAPPENED,
        recorded_at=_HAPPENED + timedelta(seconds=1),
        correlation_id="0199f1c2-6a5e-7d30-9c41-8d2b6a51e0f4",
        causation_id="0199f1c2-6a5e-7d30-9c41-8d2b6a51e0f4",
        traceparent=_EXAMPLE_TRACE,
    )
