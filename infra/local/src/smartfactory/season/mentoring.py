"""Mentors are recruited, trained, put into teams, matched with firms; Samsung declines one, and it is matched again."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import combinations

from smartfactory.scenarios.parts import MentoringPart
from smartfactory.season import people
from smartfactory.season.building import TakenUp
from smartfactory.season.documents import hash_of
from smartfactory.season.options import DoneAtFirms, RotaRow
from smartfactory.season.origin import Json, until
from smartfactory.season.residing import done_at_firms
from smartfactory.season.stage import Stage

_PLANS = "/mentoring/v1/mentor-plans"
_RESIDENCIES = "/mentoring/v1/residencies"
_PROPOSED = 2
"""The version of every plan that was matched and not yet confirmed: played again, the requests are the same."""
_FIRST = 1
_UNHEARD = "waiting-project-unknown"
_KM_PER_DEGREE = 111.2
_HOLDS_WEEKS = frozenset({"ASSIGNED", "ACCEPTED", "STARTED"})
_AT_THE_FIRM = frozenset({"ACCEPTED", "STARTED", "ENDED"})


@dataclass(frozen=True, slots=True)
class Rota:
    """Who resides where, and how many firms have no team."""

    rows: Sequence[RotaRow]
    left_out: int
    residencies: Sequence[Json] = ()
    """What Samsung accepted, in the order of its weeks; of what was released meanwhile also."""
    teams: Sequence[Json] = ()
    released: int = 0
    """Firms whose agreement ended, so that their team has its weeks again."""
    done: DoneAtFirms | None = None


async def send_all(stage: Stage, mentors: Sequence[str], in_force: Collection[str], projects: Sequence[Json]) -> Rota:
    """Match every project in force with a team, let Samsung answer, match again what it declined."""
    part = stage.scenario.mentoring
    if part is None:
        return Rota((), 0)
    wanted = [each for each in projects if each["id"] in in_force]
    wanted.sort(key=lambda each: (each["type_code"], each["municipality_code"], each["application_id"]))

    async def state(project: Json) -> None:
        path = f"/mentoring/v1/waiting-projects/{project['id']}/needs"
        barred = mentors[:1] if project is wanted[0] else []
        needs = _needs(part, project, barred)
        await stage.origin.put(people.OPERATOR, path, needs, version=0, not_yet=_UNHEARD)

    first: list[Json] = []
    second: list[Json] = []

    async def plan(name: str) -> None:
        asked = {"rule_version": part.rule_version.value, "may_move": name == "rematch"}
        plan = await stage.origin.post(people.MENTOR_LEAD, _PLANS, asked, step=name, entity="plan")
        await until(
            lambda: _matched(stage, plan["id"]), what=name, deadline_seconds=stage.options.settle_deadline_seconds
        )
        path = f"{_PLANS}/{plan['id']}/confirmations"
        confirmed = await stage.origin.post(
            people.PROVINCE_OFFICER, path, None, step=f"confirm-{name}", entity="plan", version=_PROPOSED
        )
        (first if name == "plan" else second).append(confirmed)

    async def answer(residency: Json) -> None:
        declines = first[0]["id"] == residency["plan_id"] and residency["project_id"] in declined
        path = f"/mentoring/v1/residencies/{residency['id']}/{'declines' if declines else 'acceptances'}"
        body = {"reason": "DATES_DO_NOT_FIT"} if declines else None
        await stage.origin.post(
            people.SAMSUNG, path, body, step="answer-residency", entity=residency["id"], version=_FIRST
        )

    await stage.play(part.planned_at, "needs of firms stated", wanted, state)
    await stage.play(part.planned_at, "teams matched with firms", ["plan"], plan)
    declined = {each["project_id"] for each in first[0]["pairs"][: part.declines.value]}
    await stage.play(part.answered_at, "Samsung answers", await _of_plan(stage, first[0]), answer)
    await stage.play(part.rematched_at, "declined firms matched again", ["rematch"], plan)
    await stage.play(part.rematched_at, "Samsung answers again", await _of_plan(stage, second[0]), answer)
    own = {each["id"] for each in wanted}
    # A plan leaves out what waits from other seasons too.
    without = [each for each in second[0]["left_out"] if each["project_id"] in own]
    residencies = _accepted(await stage.origin.pages(people.AUDITOR, _RESIDENCIES), wanted)
    teams = await stage.origin.pages(people.AUDITOR, "/mentoring/v1/mentor-teams")
    return Rota(_rows(teams, residencies, wanted), len(without), residencies, teams)


async def after_builds(stage: Stage, rota: Rota, taken_up: TakenUp | None, projects: Sequence[Json]) -> Rota:
    """The rota once mentoring has heard which agreements ended."""
    if stage.scenario.mentoring is None or taken_up is None:
        return rota
    ended = {each["project_id"] for each in taken_up.waves.ended}
    found: list[Json] = []

    async def heard() -> bool:
        found[:] = await stage.origin.pages(people.AUDITOR, _RESIDENCIES)
        return not any(each["state"] in _HOLDS_WEEKS for each in found if each["project_id"] in ended)

    await until(heard, what="the rota", deadline_seconds=stage.options.settle_deadline_seconds)
    of_ended = [each for each in found if each["project_id"] in ended]
    released = sum(each["release_reason"] == "AGREEMENT_TERMINATED" for each in of_ended)
    residencies = _accepted(found, projects)
    done = await done_at_firms(stage, residencies)
    return replace(
        rota, rows=_rows(rota.teams, residencies, projects), residencies=residencies, released=released, done=done
    )


async def open_programme(stage: Stage) -> list[str]:
    """The cohort, its mentors with their training, teams and calendars; returns the mentors who may be assigned."""
    part = stage.scenario.mentoring
    if part is None:
        return []
    origin, mentors = stage.origin, dict[int, str]()
    cohorts: list[Json] = []

    async def recruit(number: int) -> None:
        body = {"subject": _account(stage, number), "experience_years": part.experience_years_min.value + number % 9}
        path, known = f"/mentoring/v1/mentor-cohorts/{cohorts[0]['id']}/mentors", _mastery(part, number)
        made = await origin.post(
            people.PROVINCE_OFFICER, path, body | known, step="recruit", entity=str(number), every_seed=True
        )
        mentors[number] = made["id"]

    async def open_cohort(_what: str) -> None:
        cohorts.append(
            await origin.post(
                people.PROVINCE_OFFICER, "/mentoring/v1/mentor-cohorts", _cohort(part), step="open-cohort",
                entity="cohort", every_seed=True,
            )
        )  # fmt: skip

    async def train(_what: str) -> None:
        body = {
            "mentor_ids": [mentors[number] for number in sorted(mentors)],
            "completed_on": part.trained_at.value.date().isoformat(),
            "evidence_sha256": hash_of("training list"),
        }
        path = f"/mentoring/v1/mentor-cohorts/{cohorts[0]['id']}/training-completions"
        await origin.post(people.PROVINCE_APPROVER, path, body, step="train", entity="cohort", every_seed=True)

    async def form(number: int) -> None:
        size, places = part.team_size.value, list(part.places.value)
        members = [mentors[number * size + each] for each in range(size)]
        who = {"mentor_ids": members, "lead_id": members[0], "cohort_id": cohorts[0]["id"]}
        body = {**who, "title": f"{number + 1}팀", "base_municipality_code": places[number % len(places)]}
        path = "/mentoring/v1/mentor-teams"
        team = await origin.post(people.MENTOR_LEAD, path, body, step="form-team", entity=str(number), every_seed=True)
        await origin.put(people.MENTOR_LEAD, f"{path}/{team['id']}/calendar", _calendar(part), version=_FIRST)

    async def rule(_what: str) -> None:
        path = "/mentoring/v1/matching-rules"
        await origin.post(people.MENTOR_LEAD, path, _rule(part), step="matching-rule", entity="rule", every_seed=True)

    many = part.mentors.value
    await stage.play(part.recruited_at, "cohort of mentors opened", ["cohort"], open_cohort)
    await stage.play(part.recruited_at, "mentors recruited", range(many), recruit)
    await stage.play(part.trained_at, "Samsung's training completed", ["cohort"], train)
    # Between teams that fit equally well the matching takes the one that was formed first.
    await stage.play(part.teams_at, "teams formed", range(many // part.team_size.value), form, in_turn=True)
    await stage.play(part.teams_at, "matching rule recorded", ["rule"], rule)
    return [mentors[number] for number in sorted(mentors)]


async def _matched(stage: Stage, plan_id: str) -> bool:
    plan = await stage.origin.get(people.AUDITOR, f"{_PLANS}/{plan_id}")
    return bool(plan["state"] != "REQUESTED")


async def _of_plan(stage: Stage, plan: Json) -> list[Json]:
    found = await stage.origin.pages(people.SAMSUNG, _RESIDENCIES)
    return [each for each in found if each["plan_id"] == plan["id"]]


def _accepted(found: Sequence[Json], wanted: Sequence[Json]) -> list[Json]:
    own = {each["id"] for each in wanted}
    accepted = [each for each in found if each["project_id"] in own and each["state"] in {*_AT_THE_FIRM, "RELEASED"}]
    return sorted(accepted, key=lambda each: (each["first_week"], each["id"]))


def _rows(teams: Sequence[Json], residencies: Sequence[Json], wanted: Sequence[Json]) -> list[RotaRow]:
    types = {each["id"]: each["type_code"] for each in wanted}
    titles = {each["id"]: each["title"] for each in teams}
    rows = [
        RotaRow(
            team=titles[each["team_id"]],
            first_week=each["first_week"],
            weeks=each["weeks"],
            type_code=types[each["project_id"]],
            municipality_code=each["municipality_code"],
        )
        for each in residencies
        if each["state"] in _AT_THE_FIRM
    ]
    return sorted(rows, key=lambda row: (len(row.team), row.team, row.first_week))


def _account(stage: Stage, number: int) -> str:
    return f"mentor-{stage.scenario.call.fiscal_year.value}-{number + 1:02d}"


def _cohort(part: MentoringPart) -> Json:
    size, weeks = part.team_size.value, part.residency_weeks.value.values()
    terms = {
        "experience_years_min": part.experience_years_min.value,
        "team_size_min": part.team_size_min.value,
        "team_size_max": max(size, part.team_size_min.value),
        "residency_weeks_min": min(weeks),
        "residency_weeks_max": max(weeks),
        "source_note": f"experience {part.experience_years_min.source}, weeks {part.residency_weeks.source}",
    }
    return {
        "title": part.cohort_title.value,
        "recruited_on": part.recruited_at.value.date().isoformat(),
        "terms": terms,
    }


def _mastery(part: MentoringPart, number: int) -> Json:
    processes, technologies, divisions = part.processes.value, part.technologies.value, part.ksic_divisions.value
    return {
        "processes": [processes[number % len(processes)], processes[(number * 3 + 1) % len(processes)]],
        "technologies": [technologies[number % len(technologies)]],
        "ksic_divisions": sorted({divisions[number % len(divisions)], divisions[(number * 7 + 2) % len(divisions)]}),
    }


def _needs(part: MentoringPart, project: Json, barred: Sequence[str]) -> Json:
    drawn = int(hash_of(f"{project['municipality_code']}/{project['type_code']}"), 16)
    processes, divisions = part.processes.value, part.ksic_divisions.value
    return {
        "processes": [processes[drawn % len(processes)]],
        "technologies": [part.technologies.value[drawn % len(part.technologies.value)]],
        "ksic_division": divisions[drawn % len(divisions)],
        "residency_weeks": part.residency_weeks.value[project["type_code"]],
        "conflicts": [{"mentor_id": mentor, "kind": "STAKE_IN_SUPPLIER"} for mentor in barred],
    }


def _calendar(part: MentoringPart) -> Json:
    rotations, first_week = [], part.first_week.value
    for weeks in part.rotation_weeks.value:
        rotations.append({"first_week": first_week.isoformat(), "weeks": weeks})
        first_week += timedelta(weeks=weeks)
    return {"rotations": rotations}


def _rule(part: MentoringPart) -> Json:
    return {
        "version": part.rule_version.value,
        "weights": part.weights.value,
        "distances": list(_distances(part.places.value)),
        "answer_days": part.answer_days.value,
        "source_note": f"weights {part.weights.source}, places {part.places.source}",
    }


def _distances(places: Mapping[str, Sequence[float]]) -> Iterator[Json]:
    """Whole kilometres in a straight line between the towns; near enough at this latitude."""
    for (one, (east, north)), (other, (east_other, north_other)) in combinations(sorted(places.items()), 2):
        across = (east - east_other) * math.cos(math.radians(north))
        km = _KM_PER_DEGREE * math.hypot(across, north - north_other)
        yield {"one": one, "other": other, "km": round(km)}
