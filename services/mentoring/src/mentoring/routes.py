"""The routes that the API of this service serves, feature after feature."""

from collections.abc import Sequence

from fastapi import APIRouter

from mentoring.matching.api import routes as matching
from mentoring.mentors.api import routes as mentors
from mentoring.teams.api import routes as teams

ROUTERS: Sequence[APIRouter] = (mentors, teams, matching)
