"""All pages: importing a page's module puts it on `routes`."""

from metrics.pages.api import burden, dashboard, firm, frame, project
from metrics.pages.api.shell import routes

__all__ = ["burden", "dashboard", "firm", "frame", "project", "routes"]
