"""Recording that somebody saved a table: in the transaction that read it, before its first byte leaves."""

from dataclasses import dataclass
from datetime import datetime

from common.auth import Principal
from common.db import Transaction
from metrics.exports import store


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What left: which table by which filters, as which file."""

    table_name: str
    format: str
    filters: dict[str, str]
    row_count: int
    sha256: str


async def record_export(
    tx: Transaction, saved: Saved, *, reason: str, by: Principal, access_point: str, now: datetime
) -> None:
    """Who took it, from where, and why; rows and hash tell a file that is found later from any other."""
    await store.add(
        tx,
        store.Export(
            made_for=now,
            issuer=by.issuer,
            subject=by.subject,
            role=by.role,
            tenant=by.tenant,
            access_point=access_point,
            table_name=saved.table_name,
            format=saved.format,
            filters=saved.filters,
            row_count=saved.row_count,
            sha256=saved.sha256,
            reason=reason,
        ),
    )
