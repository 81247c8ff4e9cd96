"""Who asked for what a worker does: kept with the request, and acted for later."""

from applicant.selections.domain.stages import Requester
from common.auth import Principal


def requester(by: Principal) -> Requester:
    """What is kept of a caller."""
    return Requester(by.issuer, by.subject, by.role, by.tenant)


def principal(requester: Requester) -> Principal:
    """The person in whose name the worker acts: without a token, which has long run out."""
    return Principal(
        issuer=requester.issuer, subject=requester.subject, role=requester.role, tenant=requester.tenant, token_id=""
    )
