"""What an event is: a frozen value with a type, a topic and a key, registered once and known by its CloudEvents type."""

from typing import ClassVar, TypeVar
from uuid import UUID

import msgspec

TYPE_PREFIX = "kr.jeonbuk.smartfactory"

_EventClass = TypeVar("_EventClass", bound="type[DomainEvent]")


class DomainEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened and was committed, in the past tense. Subclasses are declared with `@event`."""

    TYPE: ClassVar[str]
    TOPIC: ClassVar[str]
    VERSION: ClassVar[int]
    KEY_FIELD: ClassVar[str]

    @property
    def key(self) -> UUID:
        """The aggregate's id: the order of events is kept per key."""
        value: UUID = getattr(self, self.KEY_FIELD)
        return value


_registry: dict[str, type[DomainEvent]] = {}


def event(*, service: str, aggregate: str, happened: str, version: int, key: str) -> "_Declare":
    """Declare an event class: its CloudEvents type, its topic `<service>.<aggregate>.v1` and its key field."""
    return _Declare(f"{TYPE_PREFIX}.{service}.{aggregate}.{happened}.v{version}", f"{service}.{aggregate}.v1", version, key)


def registered_events() -> dict[str, type[DomainEvent]]:
    """Every declared event by its CloudEvents type."""
    return dict(_registry)


class _Declare:
    def __init__(self, type_: str, topic: str, version: int, key: str) -> None:
        self._type, self._topic, self._version, self._key = type_, topic, version, key

    def __call__(self, cls: _EventClass) -> _EventClass:
        if self._type in _registry:
            message = f"two event classes declare {self._type}"
            raise ValueError(message)
        if self._key not in cls.__struct_fields__:
            message = f"{cls.__name__} has no field {self._key} to be its key"
            raise ValueError(message)
        cls.TYPE, cls.TOPIC, cls.VERSION, cls.KEY_FIELD = self._type, self._topic, self._version, self._key
        _registry[self._type] = cls
        return cls
