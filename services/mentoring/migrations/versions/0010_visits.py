"""Sessions and improvement items of residencies; whose firm a project is, for it to see its own."""

from alembic import op

from common import row_security_v1 as rows

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_PROVINCE = ("province.officer", "province.approver", "province.treasurer")
_OVERSEES = rows.is_one_of("service", *_PROVINCE, "technopark.operator", "auditor", "mentor.lead")
_LEAD = rows.is_one_of("service", "mentor.lead")
_CONFIRMS = rows.is_one_of("service", "mentor.lead", "province.officer")
_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_COMPANY = rows.tenant_id_of("company.owner", "company.staff")
_MENTOR = rows.is_one_of("mentor")
# The tables asked below show a mentor the own record and the own memberships only, and a company its own projects.
_OWN_MEMBERSHIP = f"({_MENTOR} AND mentor_id IN (SELECT id FROM mentor))"
_OWN_TEAM = f"({_MENTOR} AND team_id IN (SELECT team_id FROM team_member))"
_OWN_PROJECT = (
    f"({_COMPANY} IS NOT NULL AND EXISTS (SELECT FROM waiting_project WHERE waiting_project.project_id"
    " = residency.project_id))"
)
_WAITING = f"{_OVERSEES} OR municipality_code = {_AREA}"
_RESIDENCY = f"{_OVERSEES} OR {rows.is_one_of('samsung.client')} OR municipality_code = {_AREA}"
_VISITORS = rows.is_one_of("mentor", "company.owner", "company.staff")
_READERS = rows.is_one_of(
    "mentor",
    "company.owner",
    "company.staff",
    "municipality.officer",
    "municipality.approver",
    "municipality.client",
)

_STATEMENTS = (
    "ALTER TABLE waiting_project ADD COLUMN company_id UUID",
    """
    CREATE TABLE mentor_session (
        id UUID NOT NULL,
        residency_id UUID NOT NULL,
        held_on DATE NOT NULL,
        minutes BIGINT NOT NULL,
        place TEXT NOT NULL,
        mentor_ids UUID[] NOT NULL,
        recorded_by TEXT NOT NULL,
        recorded_at TIMESTAMPTZ NOT NULL,
        confirmed_by TEXT,
        confirmed_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT mentor_session_pkey PRIMARY KEY (id),
        CONSTRAINT mentor_session_residency_id_fkey FOREIGN KEY (residency_id) REFERENCES residency (id),
        CONSTRAINT mentor_session_minutes_check CHECK (minutes BETWEEN 1 AND 1440),
        CONSTRAINT mentor_session_place_check CHECK (place IN ('AT_FIRM', 'ONLINE', 'ELSEWHERE')),
        CONSTRAINT mentor_session_mentors_check CHECK (cardinality(mentor_ids) > 0),
        CONSTRAINT mentor_session_confirmed_check CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL))
    )
    """,
    "CREATE INDEX mentor_session_residency_idx ON mentor_session (residency_id, id)",
    """
    CREATE TABLE improvement_item (
        id UUID NOT NULL,
        residency_id UUID NOT NULL,
        kpi TEXT NOT NULL,
        before_sha256 TEXT NOT NULL,
        after_sha256 TEXT,
        state TEXT NOT NULL,
        reject_reason TEXT,
        found_by TEXT NOT NULL,
        found_at TIMESTAMPTZ NOT NULL,
        changed_by TEXT NOT NULL,
        changed_at TIMESTAMPTZ NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT improvement_item_pkey PRIMARY KEY (id),
        CONSTRAINT improvement_item_residency_id_fkey FOREIGN KEY (residency_id) REFERENCES residency (id),
        CONSTRAINT improvement_item_state_check
            CHECK (state IN ('FOUND', 'AGREED', 'IN_PROGRESS', 'CLOSED', 'REJECTED')),
        CONSTRAINT improvement_item_closed_check CHECK ((state = 'CLOSED') = (after_sha256 IS NOT NULL)),
        CONSTRAINT improvement_item_rejected_check CHECK ((state = 'REJECTED') = (reject_reason IS NOT NULL))
    )
    """,
    "CREATE INDEX improvement_item_residency_idx ON improvement_item (residency_id, id)",
)


def _secure_again(table: str, *, sees: str, writes: str) -> None:
    rows.expose(op, table)
    rows.secure(op, table, sees=sees, writes=writes)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    _secure_again("waiting_project", sees=f"{_WAITING} OR company_id = {_COMPANY}", writes=rows.SERVICE)
    _secure_again("team_member", sees=f"{_OVERSEES} OR {_OWN_MEMBERSHIP}", writes=_LEAD)
    _secure_again("residency", sees=f"{_RESIDENCY} OR {_OWN_TEAM} OR {_OWN_PROJECT}", writes=_CONFIRMS)
    for table in ("mentor_session", "improvement_item"):
        own = f"EXISTS (SELECT FROM residency WHERE residency.id = {table}.residency_id)"
        rows.secure(
            op,
            table,
            sees=f"{_OVERSEES} OR ({_READERS} AND {own})",
            writes=f"{_LEAD} OR ({_VISITORS} AND {own})",
        )


def downgrade() -> None:
    for table in ("mentor_session", "improvement_item"):
        op.execute(f"DROP TABLE {table}")
    _secure_again("residency", sees=_RESIDENCY, writes=_CONFIRMS)
    _secure_again("team_member", sees=_OVERSEES, writes=_LEAD)
    _secure_again("waiting_project", sees=_WAITING, writes=rows.SERVICE)
    op.execute("ALTER TABLE waiting_project DROP COLUMN company_id")
