"""The builds: inspected on their way, completed in two waves, one ended because its supplier is bankrupt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from smartfactory.scenarios.parts import BuildingPart, Given
from smartfactory.season import carrying, closing, people, residing
from smartfactory.season.documents import hash_of
from smartfactory.season.origin import Json, Person, until
from smartfactory.season.stage import Stage

_FIRST = 1
"""A build that nobody proposed to change is in its first version: played again, the requests are the same."""
_REPORTED = ("LOGIN_STATISTICS", "INVOICE", "DELIVERY_NOTE")


@dataclass(frozen=True, slots=True)
class Waves:
    """Which builds end how."""

    early: Sequence[Json]
    late: Sequence[Json]
    ended: Sequence[Json]


@dataclass(frozen=True, slots=True)
class TakenUp:
    """The builds of a season, how each will end, and who reports for them, by project."""

    builds: Sequence[Json]
    waves: Waves
    owners: Mapping[str, Person]


async def take_up(
    stage: Stage, call_ids: Sequence[str], residencies: Sequence[Json], teams: Sequence[Json]
) -> TakenUp | None:
    """See which builds there are and let their teams come; None if the season does not come so far."""
    part = stage.scenario.building
    if part is None:
        return None
    found = [await stage.origin.pages(people.AUDITOR, "/applicant/v1/builds", call_id=each) for each in call_ids]
    builds = _in_the_casts_order(stage, [build for builds in found for build in builds])
    by_company = {str(each.firm.company_id): people.company_owner(each.firm) for each in stage.cast.applications}
    taken_up = TakenUp(
        builds=builds,
        waves=_waves(part, builds, residencies),
        owners={build["project_id"]: by_company[build["company_id"]] for build in builds},
    )
    await residing.reside(
        stage,
        residencies,
        teams,
        taken_up.owners,
        ended={build["project_id"] for build in taken_up.waves.ended},
        ends_on=part.suspended_at.value.date(),
    )
    return taken_up


async def build_all(stage: Stage, taken_up: TakenUp | None) -> Json | None:
    """Inspect, complete, suspend and terminate; returns the gauge once metrics shows it, if the season comes so far."""
    part = stage.scenario.building
    if part is None or taken_up is None:
        return None
    builds, waves = taken_up.builds, taken_up.waves

    async def inspect(build: Json) -> None:
        await _inspect(stage, build, part.inspected_at.value)

    async def suspend(build: Json) -> None:
        await _change(stage, build, "SUSPENSION", version=_FIRST)

    async def terminate(build: Json) -> None:
        await _change(stage, build, "TERMINATION", version=_FIRST + 2)

    async def complete(wave: Sequence[Json], at: Given[datetime], what: str) -> None:
        async def one(build: Json) -> None:
            await _complete(stage, build, taken_up.owners[build["project_id"]], at.value)

        await stage.play(at, what, wave, one)

    gauge: list[Json] = []

    async def shown(_what: str) -> None:
        gauge.append(await _settled(stage, builds, waves))

    _stop_where_lines_are_looked_at(stage)
    await stage.play(part.inspected_at, "builds inspected on their way", builds, inspect)
    await stage.play(part.suspended_at, "builds suspended, supplier bankrupt", waves.ended, suspend)
    await carrying.carry_over(stage)
    await complete(waves.early, part.completed_early_at, "builds completed, first wave")
    closing_part = stage.scenario.closing
    await closing.settle_wave(stage, None if closing_part is None else closing_part.early, waves.early)
    await stage.play(part.terminated_at, "agreements terminated", waves.ended, terminate)
    await closing.claw_back(stage, waves.ended)
    await complete(waves.late, part.completed_late_at, "builds completed, second wave")
    await closing.settle_wave(stage, None if closing_part is None else closing_part.late, waves.late)
    await stage.play(stage.ends_at, "the gauge of 300 shows it", ["all"], shown)
    return gauge[0]


def _stop_where_lines_are_looked_at(stage: Stage) -> None:
    """Have the season come to each day on which those whose money lapses are told: every step waits until they are."""

    async def nothing(_day: datetime) -> None: ...

    closing_part = stage.scenario.closing
    for day in closing_part.lapses_told_at.value if closing_part else ():
        stage.note(day, "told of money that lapses", [day], nothing)


def _in_the_casts_order(stage: Stage, builds: Sequence[Json]) -> list[Json]:
    """By the scenario's own order of firms, which is the same in every run."""
    place = {str(each.firm.company_id): number for number, each in enumerate(stage.cast.applications)}
    return sorted(builds, key=lambda build: place[build["company_id"]])


def _waves(part: BuildingPart, builds: Sequence[Json], residencies: Sequence[Json]) -> Waves:
    """A build is completed with its mentors there or after them, so whoever has them first, or none, ends first."""
    week = {each["project_id"]: each["first_week"] for each in residencies}
    by_week = sorted(builds, key=lambda build: week.get(build["project_id"], ""))
    ended = by_week[len(builds) - part.terminated.value :]
    going = by_week[: len(builds) - part.terminated.value]
    return Waves(early=going[: part.completed_early.value], late=going[part.completed_early.value :], ended=ended)


async def _inspect(stage: Stage, build: Json, at: datetime) -> None:
    path, entity = f"/applicant/v1/builds/{build['project_id']}/inspections", build["application_id"]
    body: dict[str, object] = {"planned_on": at.date().isoformat()}
    read = await stage.origin.post(people.OPERATOR, path, body, step="plan-inspection", entity=entity, version=_FIRST)
    for step, said in (("visits", _evidence(entity, "visit", at)), ("results", {"result": "PASSED"})):
        path = f"/applicant/v1/inspections/{read['id']}/{step}"
        read = await stage.origin.post(
            people.INSPECTOR, path, said, step=f"inspection-{step}", entity=entity, version=read["version"]
        )


async def _complete(stage: Stage, build: Json, owner: Person, at: datetime) -> None:
    path, entity = f"/applicant/v1/builds/{build['project_id']}/completions", build["application_id"]
    report = _evidence(entity, "report", at, *_REPORTED)
    read = await stage.origin.post(owner, path, report, step="report-completion", entity=entity, version=_FIRST)
    audit = _evidence(entity, "audit", at, "DEMONSTRATION_RECORD") | {
        "installed_as_planned": True,
        "functions_work": True,
        "demonstrated_by_own_staff": True,
        "demonstrated_on": at.date().isoformat(),
        "mentor_subject": people.MENTOR.subject,
    }
    measured = _evidence(entity, "check", at, "KPI_MEASUREMENT") | {"targets_reached": True}
    for step, by, said in (
        ("audits", people.INSPECTOR, audit),
        ("mentor-checks", people.MENTOR, measured),
        ("results", people.OPERATOR, {"result": "PASSED"}),
    ):
        path = f"/applicant/v1/completions/{read['id']}/{step}"
        read = await stage.origin.post(
            by, path, said, step=f"completion-{step}", entity=entity, version=read["version"]
        )


async def _change(stage: Stage, build: Json, kind: str, *, version: int) -> None:
    """Proposed by the Technopark, decided by the province."""
    path, entity = f"/applicant/v1/builds/{build['project_id']}", build["application_id"]
    body: dict[str, object] = {
        "kind": kind,
        "cause": "SUPPLIER_INSOLVENT",
        "fault_party": "SUPPLIER" if kind == "TERMINATION" else None,
        "evidence": [hash_of(f"{kind}/{entity}")],
    }
    step = kind.lower()
    read = await stage.origin.post(
        people.OPERATOR, f"{path}/changes", body, step=f"propose-{step}", entity=entity, version=version
    )
    await stage.origin.post(
        people.PROVINCE_APPROVER,
        f"{path}/decisions",
        {"decision": "APPROVE"},
        step=f"decide-{step}",
        entity=entity,
        version=read["version"],
    )


async def _settled(stage: Stage, builds: Sequence[Json], waves: Waves) -> Json:
    """The metrics service hears of builds by events: wait until it shows what was done here."""
    towns = {build["municipality_code"] for build in builds}
    completed, terminated = len(waves.early) + len(waves.late), len(waves.ended)
    found: list[Json] = []

    async def shown() -> bool:
        found[:] = [await stage.origin.get(people.AUDITOR, "/metrics/v1/gauge")]
        rows = [row for row in found[0]["rows"] if row["municipality_code"] in towns]
        ended: int = sum(row["terminated"] for row in rows)
        built: int = sum(row["completed"] for row in rows)
        return built >= completed and ended >= terminated

    await until(shown, what="the gauge of 300", deadline_seconds=stage.options.settle_deadline_seconds)
    return found[0]


def _evidence(entity: str, step: str, at: datetime, *kinds: str) -> dict[str, object]:
    """A photo with its time and place, and one paper of each kind; all made up."""
    photo = {
        "kind": "PHOTO",
        "sha256": hash_of(f"photo/{step}/{entity}"),
        "taken_at": at.isoformat(),
        "latitude_microdegrees": 35_820_000,
        "longitude_microdegrees": 127_108_000,
    }
    papers = [{"kind": kind, "sha256": hash_of(f"{kind}/{step}/{entity}")} for kind in kinds]
    return {"evidence": [photo, *papers]}
