"""The words for the codes that services write, for pages."""

from metrics.dossiers.domain import names
from metrics.dossiers.domain.decisions import PHASES
from metrics.dossiers.domain.names import named

__all__ = ["PHASES", "named", "names"]
