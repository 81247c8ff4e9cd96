"""Where a project stands, in one line for each part of its life that has begun."""

from common.errors import Text
from metrics.dossiers.domain import names
from metrics.dossiers.domain.names import named
from metrics.dossiers.queries.projects import Dossier


def standing_of(dossier: Dossier) -> list[Text]:
    """What is true now, from its place to its settlement; nothing of a part that has not begun or is not known."""
    project, agreement, build = dossier.project, dossier.agreement, dossier.build
    return [
        *([named(names.PROJECT, project.state)] if project else []),
        *([named(names.AGREEMENT, agreement.state)] if agreement else []),
        *([named(names.BUILD, build.state)] if build else []),
        *(named(names.RESIDENCY, each.state) for each in dossier.residencies if each.state not in _PAST),
        *(named(names.SETTLEMENT, each.state) for each in dossier.settlements),
        *(named(names.RECOVERY, each.state) for each in dossier.recoveries),
    ]


_PAST = frozenset({"DECLINED", "LAPSED", "MOVED", "RELEASED"})
