"""The HTTP side shared by all services: what a feature's `api.py` imports."""

from common.web.access import Caller, allowed, anyone
from common.web.bodies import Body, View
from common.web.openapi import problem_responses
from common.web.pages import ChangedFrom, Column, Page, PageQuery, PageRequest, Turns, narrowed, order, paginate
from common.web.parameters import AccessPoint, IfMatch, Now, RecordingTx, ShownOnce, Tx, etag
from common.web.routes import router
from common.web.upload_sheets import Sheet
from common.web.uploads import MULTI_STATUS, Upload, UploadResult, csv_file, csv_response, uploaded

__all__ = [
    "MULTI_STATUS",
    "AccessPoint",
    "Body",
    "Caller",
    "ChangedFrom",
    "Column",
    "IfMatch",
    "Now",
    "Page",
    "PageQuery",
    "PageRequest",
    "RecordingTx",
    "Sheet",
    "ShownOnce",
    "Turns",
    "Tx",
    "Upload",
    "UploadResult",
    "View",
    "allowed",
    "anyone",
    "csv_file",
    "csv_response",
    "etag",
    "narrowed",
    "order",
    "paginate",
    "problem_responses",
    "router",
    "uploaded",
]
