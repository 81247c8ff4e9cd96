"""What a plan rests on, frozen as JSON when it is asked for: the same input has the same hash, and the same plan."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from uuid import UUID

from mentoring.plans.domain.rules import MatchingRule, Weights, pair_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMentor:
    """What one mentor masters."""

    id: UUID
    processes: frozenset[str]
    technologies: frozenset[str]
    divisions: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class PlanTeam:
    """A team as planning sees it; `held` is how many rotations it has given away and that no plan may move."""

    id: UUID
    base: str
    members: tuple[PlanMentor, ...]
    held: int

    @cached_property
    def mentors(self) -> frozenset[UUID]:
        """Who is in it."""
        return frozenset(each.id for each in self.members)

    @cached_property
    def processes(self) -> frozenset[str]:
        """What any of its mentors masters."""
        return frozenset(code for each in self.members for code in each.processes)

    @cached_property
    def technologies(self) -> frozenset[str]:
        """What any of its mentors masters."""
        return frozenset(code for each in self.members for code in each.technologies)

    @cached_property
    def divisions(self) -> frozenset[str]:
        """What any of its mentors knows."""
        return frozenset(code for each in self.members for code in each.divisions)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRotation:
    """Weeks of a team that are free, or that a project holds which the plan may move."""

    id: UUID
    team_id: UUID
    first_week: date
    weeks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanProject:
    """A project and its needs; `barred` are mentors who have a conflict with it, `declined` what Samsung declined.

    `holds` is the rotation that it has and that the plan may take from it, for others to have less to move.
    """

    id: UUID
    municipality: str
    processes: frozenset[str]
    technologies: frozenset[str]
    division: str
    weeks: int
    barred: frozenset[UUID]
    declined_teams: frozenset[UUID] = frozenset()
    declined_rotations: frozenset[UUID] = frozenset()
    holds: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInput:
    """All that a plan may look at, each kind in the order of its ids.

    `unstated` are projects of unknown needs, `suspended` those that rest and have no team; `spare` are trained mentors
    who are in no team: a what-if may ask for them.
    """

    starts_on: date
    rule_version: str
    weights: Weights
    distances_km: Mapping[str, int]
    teams: tuple[PlanTeam, ...]
    rotations: tuple[PlanRotation, ...]
    projects: tuple[PlanProject, ...]
    unstated: tuple[UUID, ...]
    spare: tuple[PlanMentor, ...] = ()
    suspended: tuple[UUID, ...] = ()

    def distance_km(self, one: str, other: str) -> int:
        """How far two municipalities are apart."""
        return 0 if one == other else self.distances_km[pair_of(one, other)]

    def said(self) -> dict[str, Any]:
        """The input as plain JSON values."""
        return {
            "starts_on": self.starts_on.isoformat(),
            "rule_version": self.rule_version,
            "weights": {name: getattr(self.weights, name) for name in sorted(Weights.__dataclass_fields__)},
            "distances_km": dict(sorted(self.distances_km.items())),
            "teams": [_team(each) for each in self.teams],
            "rotations": [_rotation(each) for each in self.rotations],
            "projects": [_project(each) for each in self.projects],
            "unstated": [str(each) for each in self.unstated],
            "spare": [_mentor(each) for each in self.spare],
            "suspended": [str(each) for each in self.suspended],
        }

    def sha256(self) -> str:
        """The hash of what `said` says, whatever order its members came in."""
        return hashlib.sha256(json.dumps(self.said(), sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def facts_of(self, rotation_ids: Collection[UUID], project_ids: Collection[UUID]) -> dict[str, Any]:
        """What a choice of pairs rests on: its projects, rotations and teams, but not how busy these are."""
        rotations = [each for each in self.rotations if each.id in rotation_ids]
        teams = {each.team_id for each in rotations}
        return {
            "rotations": [_rotation(each) for each in rotations],
            "projects": [_project(each) for each in self.projects if each.id in project_ids],
            "teams": [{**_team(each), "held": None} for each in self.teams if each.id in teams],
        }


def plan_input(rule: MatchingRule, *, starts_on: date, **parts: Any) -> PlanInput:  # noqa: ANN401  PlanInput's own
    """The input of a plan by a rule, in the order of ids."""
    return PlanInput(
        starts_on=starts_on,
        rule_version=rule.version,
        weights=rule.weights,
        distances_km=rule.distances_km,
        teams=tuple(sorted(parts["teams"], key=lambda each: each.id)),
        rotations=tuple(sorted(parts["rotations"], key=lambda each: each.id)),
        projects=tuple(sorted(parts["projects"], key=lambda each: each.id)),
        unstated=tuple(sorted(parts["unstated"])),
        spare=tuple(sorted(parts["spare"], key=lambda each: each.id)),
        suspended=tuple(sorted(parts["suspended"])),
    )


def read_input(said: Mapping[str, Any]) -> PlanInput:
    """The input that `said` was made of."""
    return PlanInput(
        starts_on=date.fromisoformat(said["starts_on"]),
        rule_version=said["rule_version"],
        weights=Weights(**said["weights"]),
        distances_km=said["distances_km"],
        teams=tuple(
            PlanTeam(
                id=UUID(each["id"]),
                base=each["base"],
                members=tuple(map(_read_mentor, each["members"])),
                held=each["held"],
            )
            for each in said["teams"]
        ),
        rotations=tuple(
            PlanRotation(
                id=UUID(each["id"]),
                team_id=UUID(each["team"]),
                first_week=date.fromisoformat(each["first_week"]),
                weeks=each["weeks"],
            )
            for each in said["rotations"]
        ),
        projects=tuple(
            PlanProject(
                id=UUID(each["id"]),
                municipality=each["municipality"],
                processes=frozenset(each["processes"]),
                technologies=frozenset(each["technologies"]),
                division=each["division"],
                weeks=each["weeks"],
                barred=frozenset(map(UUID, each["barred"])),
                declined_teams=frozenset(map(UUID, each["declined_teams"])),
                declined_rotations=frozenset(map(UUID, each["declined_rotations"])),
                holds=UUID(each["holds"]) if each["holds"] else None,
            )
            for each in said["projects"]
        ),
        unstated=tuple(map(UUID, said["unstated"])),
        spare=tuple(map(_read_mentor, said["spare"])),
        # A plan that was asked for before projects could be suspended does not say.
        suspended=tuple(map(UUID, said.get("suspended", ()))),
    )


def _read_mentor(said: Mapping[str, Any]) -> PlanMentor:
    return PlanMentor(
        id=UUID(said["id"]),
        processes=frozenset(said["processes"]),
        technologies=frozenset(said["technologies"]),
        divisions=frozenset(said["divisions"]),
    )


def _mentor(mentor: PlanMentor) -> dict[str, Any]:
    return {
        "id": str(mentor.id),
        "processes": sorted(mentor.processes),
        "technologies": sorted(mentor.technologies),
        "divisions": sorted(mentor.divisions),
    }


def _team(team: PlanTeam) -> dict[str, Any]:
    return {
        "id": str(team.id),
        "base": team.base,
        "members": [_mentor(each) for each in team.members],
        "held": team.held,
    }


def _rotation(rotation: PlanRotation) -> dict[str, Any]:
    first_week = rotation.first_week.isoformat()
    return {
        "id": str(rotation.id), "team": str(rotation.team_id), "first_week": first_week, "weeks": rotation.weeks
    }  # fmt: skip


def _project(project: PlanProject) -> dict[str, Any]:
    return {
        "id": str(project.id),
        "municipality": project.municipality,
        "processes": sorted(project.processes),
        "technologies": sorted(project.technologies),
        "division": project.division,
        "weeks": project.weeks,
        "barred": sorted(map(str, project.barred)),
        "declined_teams": sorted(map(str, project.declined_teams)),
        "declined_rotations": sorted(map(str, project.declined_rotations)),
        "holds": str(project.holds) if project.holds else None,
    }
