"""Whose rows a caller sees where each belongs to a municipality, or to a firm and one: the same for every feature."""

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
    return seen_in_its_area(by, municipality_code)


def seen_in_its_area(
    by: Principal, municipality_code: InstrumentedAttribute[str] | InstrumentedAttribute[str | None]
) -> ColumnElement[bool]:
    """A municipality sees its area's rows, and whoever else may ask all."""
    return municipality_code == by.tenant if by.role in MUNICIPALITY_ROLES else true()
