"""An application as one caller meets it: what it is, what may be done with it next, and why the rest is closed."""

from applicant.applications.queries import ApplicationView
from common.web import OfferedAction, RefusedAction


class ApplicationForCaller(ApplicationView):
    """An application with what this caller may do now, and everything that stands against the rest."""

    actions: list[OfferedAction]
    closed_actions: list[RefusedAction]
