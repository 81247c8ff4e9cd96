"""A release as one caller meets it: what it is, what may be done with it next, and why the rest is closed."""

from common.web import OfferedAction, RefusedAction
from funding.releases.queries import ReleaseView


class ReleaseForCaller(ReleaseView):
    """A release with what this caller may do now, and everything that stands against the rest."""

    actions: list[OfferedAction]
    closed_actions: list[RefusedAction]
