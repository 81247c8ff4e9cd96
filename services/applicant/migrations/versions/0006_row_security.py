"""Row-level security: a caller sees and writes its own, its area's, its assigned cases, or what its office oversees."""

from alembic import op

from common import row_security_v1 as rows

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_MUNICIPALITIES = ("municipality.officer", "municipality.approver", "municipality.client")
_COMPANY = rows.tenant_id_of("company.owner", "company.staff")
_AREA = rows.tenant_of(*_MUNICIPALITIES)
_OVERSEERS = ("province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor")
_MUNICIPALITY = rows.is_one_of(*_MUNICIPALITIES)
_OVERSEES = rows.is_one_of("service", *_OVERSEERS)
_JUDGES = rows.is_one_of("panel.member")
_OPERATOR = rows.is_one_of("service", "technopark.operator")
_APPROVER = rows.is_one_of("service", "province.approver")
_STAFF_DECIDES = rows.is_one_of("service", "technopark.operator", "province.approver")
_OF_ITS_APPLICATION = "EXISTS (SELECT FROM application WHERE application.id = {table}.application_id)"
_OF_OWN_APPLICATION = (
    "EXISTS (SELECT FROM application WHERE application.id = {table}.application_id"
    f" AND application.company_id = {_COMPANY})"
)
_NOT_A_JUDGE = f"NOT {_JUDGES}"
# A subquery sees what its caller sees of that table: a member's own seats, cases and conflicts, and no others.
_OWN_SEAT = f"{_JUDGES} AND member_id IN (SELECT panel_member.id FROM panel_member)"
_OWN_PANEL = f"{_JUDGES} AND {{column}} IN (SELECT panel_member.panel_id FROM panel_member)"
_ASSIGNED = (
    f"{_JUDGES} AND EXISTS (SELECT FROM panel_case WHERE panel_case.application_id = application.id)"
    " AND NOT EXISTS (SELECT FROM conflict_of_interest AS left_it WHERE left_it.application_id = application.id)"
)
_CONCERNED = f"{_OVERSEES} OR municipality_code = {_AREA} OR {_ASSIGNED}"
_HAS_A_WORKSITE_IN_THE_AREA = (
    f"EXISTS (SELECT FROM worksite WHERE worksite.company_id = company.id AND worksite.municipality_code = {_AREA})"
)

# By table: which rows are seen, and which may be written.
_TABLES = {
    "company": (
        f"{_OVERSEES} OR id = {_COMPANY} OR {_HAS_A_WORKSITE_IN_THE_AREA}",
        f"{rows.SERVICE} OR id = {_COMPANY}",
    ),
    "worksite": (
        f"{_OVERSEES} OR company_id = {_COMPANY} OR municipality_code = {_AREA}",
        f"{rows.SERVICE} OR company_id = {_COMPANY}",
    ),
    # A draft is shown to the municipalities that are asked how many seats they will fund.
    "call": (
        f"{_OVERSEES} OR {_MUNICIPALITY} OR state = 'PUBLISHED' AND (SELECT caller_role()) IS NOT NULL",
        _STAFF_DECIDES,
    ),
    # A draft is its company's alone.
    "application": (
        f"{rows.SERVICE} OR company_id = {_COMPANY} OR submitted_at IS NOT NULL AND ({_CONCERNED})",
        f"{_STAFF_DECIDES} OR company_id = {_COMPANY}",
    ),
    "seat_offer": (
        f"{_OVERSEES} OR municipality_code = {_AREA}",
        f"{rows.SERVICE} OR municipality_code = {_AREA}",
    ),
    "screening": (
        f"{_OVERSEES} OR {_NOT_A_JUDGE} AND {_OF_ITS_APPLICATION}",
        f"{_OPERATOR} OR {_OF_OWN_APPLICATION}",
    ),
    "register_check": (
        f"{_OVERSEES} OR {_NOT_A_JUDGE} AND {_OF_ITS_APPLICATION}",
        f"{_OPERATOR} OR {_OF_OWN_APPLICATION}",
    ),
    "disclosure": (
        rows.is_one_of("service", "auditor"),
        f"{rows.SERVICE} OR role || ':' || coalesce(tenant, '-') || ':' || subject = (SELECT caller_actor())",
    ),
    "evaluation_round": (f"{_OVERSEES} OR {_JUDGES}", _STAFF_DECIDES),
    "panel": (f"{_OVERSEES} OR {_OWN_PANEL.format(column='id')}", _OPERATOR),
    "panel_member": (f"{_OVERSEES} OR {_JUDGES} AND subject = (SELECT caller_subject())", _OPERATOR),
    "panel_case": (f"{_OVERSEES} OR {_OWN_PANEL.format(column='panel_id')}", _OPERATOR),
    "conflict_of_interest": (f"{_OVERSEES} OR {_OWN_SEAT}", f"{rows.SERVICE} OR {_OWN_SEAT}"),
    "score_sheet": (f"{_OVERSEES} OR {_OWN_SEAT}", f"{rows.SERVICE} OR {_OWN_SEAT}"),
    "project": (
        f"{_OVERSEES} OR company_id = {_COMPANY} OR municipality_code = {_AREA}",
        f"{_APPROVER} OR company_id = {_COMPANY}",
    ),
    "ranking": (_OVERSEES, _STAFF_DECIDES),
    "ranked_case": (
        f"{_OVERSEES} OR company_id = {_COMPANY} OR municipality_code = {_AREA}",
        _OPERATOR,
    ),
    "selection": (_OVERSEES, _STAFF_DECIDES),
    "place": (_OVERSEES, _APPROVER),
    "case_outcome": (
        f"{_OVERSEES} OR municipality_code = {_AREA} OR {_OF_OWN_APPLICATION}",
        _APPROVER,
    ),
    "known_balance": (_OVERSEES, rows.SERVICE),
}


def upgrade() -> None:
    rows.begin(op, parked_event_readers=("auditor", "platform.operator"), parked_event_menders=("platform.operator",))
    for table, (sees, writes) in _TABLES.items():
        rows.secure(op, table, sees=sees.replace("{table}", table), writes=writes.replace("{table}", table))


def downgrade() -> None:
    for table in _TABLES:
        rows.expose(op, table)
    rows.end(op)
