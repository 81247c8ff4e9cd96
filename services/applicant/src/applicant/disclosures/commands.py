"""Recording that somebody was shown personal data that is not their own."""

from applicant.disclosures import store
from applicant.disclosures.store import Disclosure
from common.auth import Principal
from common.db import Transaction


async def record_disclosure(
    tx: Transaction, *, data_subject: str, action: str, by: Principal, access_point: str
) -> None:
    """Record, in the transaction that reads, whose data the caller is shown; `data_subject` is a reference, no name."""
    await store.add(
        tx,
        Disclosure(
            issuer=by.issuer,
            subject=by.subject,
            role=by.role,
            tenant=by.tenant,
            access_point=access_point,
            data_subject=data_subject,
            action=action,
        ),
    )
