"""The HTTP side shared by all services: what a feature's `api.py` imports.

A name is looked up when somebody asks for it (PEP 562): a worker serves its health pages from this package, and would
otherwise hold FastAPI and all that routes need in memory for nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from common.web.access import Caller, allowed, anyone
    from common.web.actions import OfferedAction, RefusedAction, actions_of
    from common.web.bodies import Body, View
    from common.web.openapi import problem_responses
    from common.web.pages import (
        ChangedFrom,
        Column,
        Page,
        PageQuery,
        PageRequest,
        Turns,
        narrowed,
        order,
        page_of,
        paginate,
    )
    from common.web.parameters import AccessPoint, IfMatch, Now, RecordingTx, ShownOnce, Tx, etag, is_known, with_etag
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
    "OfferedAction",
    "Page",
    "PageQuery",
    "PageRequest",
    "RecordingTx",
    "RefusedAction",
    "Sheet",
    "ShownOnce",
    "Turns",
    "Tx",
    "Upload",
    "UploadResult",
    "View",
    "actions_of",
    "allowed",
    "anyone",
    "csv_file",
    "csv_response",
    "etag",
    "is_known",
    "narrowed",
    "order",
    "page_of",
    "paginate",
    "problem_responses",
    "router",
    "uploaded",
    "with_etag",
]

_HOMES = {
    "AccessPoint": "common.web.parameters",
    "Body": "common.web.bodies",
    "Caller": "common.web.access",
    "ChangedFrom": "common.web.pages",
    "Column": "common.web.pages",
    "IfMatch": "common.web.parameters",
    "MULTI_STATUS": "common.web.uploads",
    "Now": "common.web.parameters",
    "OfferedAction": "common.web.actions",
    "Page": "common.web.pages",
    "PageQuery": "common.web.pages",
    "PageRequest": "common.web.pages",
    "RecordingTx": "common.web.parameters",
    "RefusedAction": "common.web.actions",
    "Sheet": "common.web.upload_sheets",
    "ShownOnce": "common.web.parameters",
    "Turns": "common.web.pages",
    "Tx": "common.web.parameters",
    "Upload": "common.web.uploads",
    "UploadResult": "common.web.uploads",
    "View": "common.web.bodies",
    "actions_of": "common.web.actions",
    "allowed": "common.web.access",
    "anyone": "common.web.access",
    "csv_file": "common.web.uploads",
    "csv_response": "common.web.uploads",
    "etag": "common.web.parameters",
    "is_known": "common.web.parameters",
    "narrowed": "common.web.pages",
    "order": "common.web.pages",
    "page_of": "common.web.pages",
    "paginate": "common.web.pages",
    "problem_responses": "common.web.openapi",
    "router": "common.web.routes",
    "uploaded": "common.web.uploads",
    "with_etag": "common.web.parameters",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  each name has a type of its own, above
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
