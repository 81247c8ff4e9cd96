"""The routes that the API of this service serves, feature after feature."""

from collections.abc import Sequence

from fastapi import APIRouter

from mentoring.matching.api import routes as matching
from mentoring.mentors.api import routes as mentors
from mentoring.plans.api import routes as plans
from mentoring.residencies.api.calendars import routes as calendars
from mentoring.residencies.api.residencies import routes as residencies
from mentoring.teams.api import routes as teams
from mentoring.visits.api import routes as visits

ROUTERS: Sequence[APIRouter] = (mentors, teams, matching, residencies, calendars, visits, plans)
