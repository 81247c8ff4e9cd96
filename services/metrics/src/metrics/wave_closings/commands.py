"""Closing the waves whose last day is over, and telling partners so: once each, whoever else does it too."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from common import journal, outbox
from common.auth import Principal
from common.db import Transaction
from contracts.partner import PartnerWaveClosed
from metrics.outcomes.queries import endings
from metrics.outcomes.queries.endings import Completions, EndedWave
from metrics.partners import commands as partners
from metrics.wave_closings import domain, store
from metrics.wave_closings.domain import Response, WaveClosing
from metrics.webhooks.commands import telling as webhooks


async def completions_known(tx: Transaction, *, now: datetime) -> Completions:
    """What a look through the projects would begin from: the same one finds the same."""
    return await endings.completions_known(tx, at=domain.settled_by(now))


async def due_part(
    tx: Transaction, *, now: datetime, after: UUID | None, most: int
) -> tuple[Sequence[UUID], UUID | None]:
    """Of the next projects those that have a wave to close, and behind which those after them begin; none at last."""
    ended, behind = await endings.ended_part(tx, at=domain.settled_by(now), after=after, most=most)
    closed = await store.closed_of(tx, {project_id for project_id, _ in ended})
    return list(dict.fromkeys(project_id for project_id, wave in ended if (project_id, wave) not in closed)), behind


async def close_waves(tx: Transaction, project_id: UUID, *, by: Principal, now: datetime) -> None:
    """Close every wave of one project whose last day is over, in their order.

    One project in a transaction: its key is then the only one whose order this holds, and no two wait for each other.
    """
    ended = await endings.ended_waves(tx, project_id, at=domain.settled_by(now))
    closings = [await _as_told(tx, _closing(each)) for each in ended]
    added = await store.add(tx, closings)
    for wave, closing in zip(ended, closings, strict=True):
        if closing.wave in added:
            await _tell(tx, wave, closing)
            await journal.record(
                tx,
                chain=f"project/{project_id}",
                decision="outcome-wave-closed",
                by=by,
                at=now,
                facts={
                    "wave": closing.wave,
                    "due_on": closing.due_on.isoformat(),
                    "response": closing.response.value,
                    "event_id": str(closing.event_id),
                },
                rule_version=closing.rule_version,
            )


def _closing(ended: EndedWave) -> WaveClosing:
    return WaveClosing(
        project_id=ended.project_id,
        wave=ended.wave.value,
        municipality_code=ended.municipality_code,
        due_on=ended.due_on,
        ended_at=ended.ended_at,
        response=Response.RESPONDED if ended.answered else Response.NO_RESPONSE,
        rule_version=ended.rule_version,
    )


async def _as_told(tx: Transaction, closing: WaveClosing) -> WaveClosing:
    """With the answer that was told of it, if one was: a database that went back to a backup may lack the reports."""
    told = await outbox.told(tx, closing.event_id, PartnerWaveClosed)
    return closing if told is None else replace(closing, response=Response(told.response))


async def _tell(tx: Transaction, ended: EndedWave, closing: WaveClosing) -> None:
    event = PartnerWaveClosed(
        project_id=closing.project_id,
        type_code=ended.type_code,
        municipality_code=closing.municipality_code,
        wave=closing.wave,
        due_on=closing.due_on,
        response=closing.response.value,
    )
    seen = partners.Seen(closing.event_id, event)
    await partners.tell_seen(tx, seen, at=closing.ended_at)
    await webhooks.tell_seen(tx, seen, at=closing.ended_at)
