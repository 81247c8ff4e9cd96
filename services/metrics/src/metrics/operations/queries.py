"""How the services do: the other three asked in the reader's name; this one is handed over by who serves the page."""

import asyncio
from dataclasses import dataclass

from metrics.neighbours.queries import Asking, Away, Neighbour, Reply, Rows, body_of, rows_of
from metrics.operations.domain import Behind, Check, ParkedEvent, State, bad, behind, sum_of

__all__ = ["Behind", "Check", "Operations", "ParkedEvent", "ServiceLine", "State", "read_operations"]

_FIRST_PARKED = {"state": "WAITING", "page_size": "5"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLine:
    """One service: how it does, or since when it is away, or neither where it tells nothing; and what waits first."""

    name: str
    state: State | None
    away: Away | None
    lags: list[Behind]
    parked: tuple[ParkedEvent, ...]

    @property
    def records_behind(self) -> int | None:
        """How many records it has not heard yet; none while somebody who writes them tells nothing."""
        return sum_of(self.lags)

    @property
    def complaints(self) -> list[Check]:
        """What is missing for it to be ready."""
        return [] if self.state is None else bad(self.state.checks)


@dataclass(frozen=True, slots=True)
class Operations:
    """A line for each service, this one last, and who did not answer."""

    lines: list[ServiceLine]
    away: tuple[Away, ...]


@dataclass(frozen=True, slots=True)
class _Told:
    state: Reply[State]
    parked: Reply[Rows[ParkedEvent]]


async def read_operations(asking: Asking, *, own: State, own_parked: tuple[ParkedEvent, ...]) -> Operations:
    """All four, and how far each is behind what the others have sent."""
    answers = await asyncio.gather(*(_told(asking, of) for of in Neighbour))
    told = {of.value: each for of, each in zip(Neighbour, answers, strict=True)}
    states = {name: state for name, each in told.items() if (state := body_of(each.state)) is not None}
    states[own.service] = own
    lines = [
        ServiceLine(
            name=name,
            state=states.get(name),
            away=each.state if isinstance(each.state, Away) else None,
            lags=behind(states[name], states) if name in states else [],
            parked=rows_of(each.parked),
        )
        for name, each in told.items()
    ]
    lines.append(
        ServiceLine(name=own.service, state=own, away=None, lags=behind(own, states), parked=own_parked),
    )
    replies = (reply for each in answers for reply in (each.state, each.parked))
    return Operations(lines, tuple(reply for reply in replies if isinstance(reply, Away)))


async def _told(asking: Asking, of: Neighbour) -> _Told:
    state, parked = await asyncio.gather(
        asking.ask(of, "/v1/service-state", State),
        asking.ask(of, "/v1/parked-events", Rows[ParkedEvent], params=_FIRST_PARKED),
    )
    return _Told(state, parked)
