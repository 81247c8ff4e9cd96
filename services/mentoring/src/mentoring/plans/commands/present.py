"""What there is to match at present, as plans rest on it."""

from collections.abc import Collection, Mapping
from datetime import date
from uuid import UUID

from common.db import Transaction
from mentoring.matching.queries import ProjectToPlace, projects_to_place, suspended_unplaced, waiting_among
from mentoring.mentors.commands import Mastery
from mentoring.mentors.queries import mastery_of, trained_mentors
from mentoring.plans.domain.input import PlanInput, PlanMentor, PlanProject, PlanRotation, PlanTeam, plan_input
from mentoring.plans.domain.rules import MatchingRule
from mentoring.residencies.commands import movable_residencies
from mentoring.residencies.queries import Declined, declined
from mentoring.teams.queries import TeamView, active_teams

_NOTHING = Declined()


async def read_present(tx: Transaction, rule: MatchingRule, *, starts_on: date, may_move: bool) -> PlanInput:
    """Teams, weeks that begin after a day, and projects; those that may be moved hold their weeks."""
    movable = await movable_residencies(tx, after=starts_on) if may_move else {}
    planned_for = await waiting_among(tx, movable)
    holds = {project: rotation for project, rotation in movable.items() if project in planned_for}
    active, answers = await active_teams(tx), await declined(tx)
    projects = await projects_to_place(tx, also=holds)
    trained = await trained_mentors(tx)
    serving = {mentor for team in active for mentor in team.mentor_ids}
    mastery = await mastery_of(tx, sorted({*trained, *serving}))
    held = set(holds.values())
    return plan_input(
        rule,
        starts_on=starts_on,
        teams=[_team(team, mastery, held) for team in active],
        rotations=[
            PlanRotation(id=each.id, team_id=team.id, first_week=each.first_week, weeks=each.weeks)
            for team in active
            for each in team.rotations
            if (each.project_id is None or each.id in held) and each.first_week > starts_on
        ],
        projects=[
            _project(each, answers.get(each.project_id, _NOTHING), holds.get(each.project_id))
            for each in projects
            if each.needs is not None
        ],
        unstated=[each.project_id for each in projects if each.needs is None],
        suspended=await suspended_unplaced(tx),
        spare=[_mentor(each, mastery) for each in trained if each not in serving],
    )


def _team(team: TeamView, mastery: Mapping[UUID, Mastery], movable: Collection[UUID]) -> PlanTeam:
    return PlanTeam(
        id=team.id,
        base=team.base_municipality_code,
        members=tuple(_mentor(each, mastery) for each in sorted(team.mentor_ids)),
        held=sum(each.project_id is not None and each.id not in movable for each in team.rotations),
    )


def _mentor(mentor_id: UUID, mastery: Mapping[UUID, Mastery]) -> PlanMentor:
    known = mastery[mentor_id]
    return PlanMentor(
        id=mentor_id, processes=known.processes, technologies=known.technologies, divisions=known.ksic_divisions
    )


def _project(project: ProjectToPlace, answers: Declined, holds: UUID | None) -> PlanProject:
    needs = project.needs
    assert needs is not None  # noqa: S101  the caller has left out those without
    return PlanProject(
        id=project.project_id,
        municipality=project.municipality_code,
        processes=frozenset(needs.processes),
        technologies=frozenset(needs.technologies),
        division=needs.ksic_division,
        weeks=needs.residency_weeks,
        barred=frozenset(conflict.mentor_id for conflict in needs.conflicts),
        declined_teams=answers.teams,
        declined_rotations=answers.rotations,
        holds=holds,
    )
