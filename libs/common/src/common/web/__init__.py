"""The HTTP side shared by all services: what a feature's `api.py` imports."""

from common.web.access import Caller, allowed, anyone
from common.web.bodies import Body, View
from common.web.openapi import problem_responses
from common.web.pages import Column, Page, PageQuery, PageRequest, order, paginate
from common.web.parameters import AccessPoint, IfMatch, Now, RecordingTx, Tx, etag
from common.web.routes import router

__all__ = [
    "AccessPoint",
    "Body",
    "Caller",
    "Column",
    "IfMatch",
    "Now",
    "Page",
    "PageQuery",
    "PageRequest",
    "RecordingTx",
    "Tx",
    "View",
    "allowed",
    "anyone",
    "etag",
    "order",
    "paginate",
    "problem_responses",
    "router",
]
