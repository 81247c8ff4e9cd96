"""The memorandum that a season rests on: registered by the officer, confirmed by the approver."""

from collections.abc import Iterator, Sequence

import msgspec

from contracts.types import MUNICIPALITIES
from smartfactory.scenarios.parts import MemorandumPart, ObligationPart
from smartfactory.season import people
from smartfactory.season.origin import Json, Person
from smartfactory.season.stage import Stage


async def register_memorandum(stage: Stage) -> None:
    """Register the scenario's memorandum, if it has one; seasons of other years name the same and find it done."""
    memorandum = stage.scenario.memorandum
    if memorandum is None:
        return

    async def register(reference: str) -> None:
        proposed = await _send(stage, people.PROVINCE_OFFICER, "/funding/v1/memoranda", _body(memorandum), reference)
        path = f"/funding/v1/memoranda/{proposed['id']}/confirmations"
        await _send(stage, people.PROVINCE_APPROVER, path, None, reference, version=proposed["version"])

    await stage.play(memorandum.registered_at, "memorandum registered", [memorandum.reference.value], register)


async def _send(
    stage: Stage,
    by: Person,
    path: str,
    body: dict[str, object] | None,
    reference: str,
    *,
    version: int | None = None,
) -> Json:
    step = "register-memorandum" if version is None else "confirm-memorandum"
    return await stage.origin.post(by, path, body, step=step, entity=reference, version=version, every_season=True)


def _body(memorandum: MemorandumPart) -> dict[str, object]:
    return {
        "reference": memorandum.reference.value,
        "title": memorandum.title.value,
        "signed_on": memorandum.signed_on.value.isoformat(),
        "source_note": memorandum.title.source,
        "parties": list(_parties(memorandum)),
    }


def _parties(memorandum: MemorandumPart) -> Iterator[dict[str, object]]:
    for name, party in memorandum.parties.items():
        yield {"name": name, "kind": party.value.kind, "obligations": _owed(party.value.obligations)}
    for town in MUNICIPALITIES:
        yield {
            "name": town.ko,
            "kind": "MUNICIPALITY",
            "municipality_code": town.code,
            "obligations": _owed(memorandum.municipalities.value),
        }


def _owed(obligations: Sequence[ObligationPart]) -> list[object]:
    return [msgspec.to_builtins(obligation) for obligation in obligations]
