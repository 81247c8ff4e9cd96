"""Whose rows a caller sees where each belongs to a firm and a municipality: the same for every feature."""

from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, true
from sqlalchemy.orm import InstrumentedAttribute

from common.auth import Principal
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES


def seen_by(
    by: Principal,
    company_id: InstrumentedAttribute[UUID],
    municipality_code: InstrumentedAttribute[str] | InstrumentedAttribute[str | None],
) -> ColumnElement[bool]:
    """A firm sees its own rows, a municipality its area's, and the programme's staff all."""
    if by.role in COMPANY_ROLES:
        # As text: a company token's tenant is a UUID by agreement, and anything else simply owns nothing.
        return cast(company_id, Text) == by.tenant
    if by.role in MUNICIPALITY_ROLES:
        return municipality_code == by.tenant
    return true()
