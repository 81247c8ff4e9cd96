"""All pages: importing a page's module puts it on `routes`."""

from metrics.pages.api import dashboard, frame
from metrics.pages.api.shell import routes

__all__ = ["dashboard", "frame", "routes"]
