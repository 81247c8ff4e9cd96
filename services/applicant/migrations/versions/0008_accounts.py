"""Who holds which role, decided by two people; and invitations of which only the code's hash is kept."""

from alembic import op

from common import row_security_v1 as rows

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE appointment (
        id UUID NOT NULL,
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        role TEXT NOT NULL,
        tenant TEXT NOT NULL,
        state TEXT NOT NULL,
        proposed_by TEXT NOT NULL,
        confirmed_by TEXT,
        end_proposed_by TEXT,
        ended_by TEXT,
        version BIGINT NOT NULL,
        CONSTRAINT appointment_pkey PRIMARY KEY (id),
        CONSTRAINT appointment_state_check CHECK (state IN ('PROPOSED', 'HELD', 'END_PROPOSED', 'ENDED')),
        CONSTRAINT appointment_confirmed_check CHECK (state IN ('PROPOSED', 'ENDED') OR confirmed_by IS NOT NULL),
        CONSTRAINT appointment_ended_check CHECK (state <> 'ENDED' OR ended_by IS NOT NULL),
        CONSTRAINT appointment_two_people_check CHECK (
            role LIKE 'company.%' OR confirmed_by IS NULL
            OR (confirmed_by <> proposed_by AND subject NOT IN (confirmed_by, proposed_by))
        ),
        CONSTRAINT appointment_two_people_end_check CHECK (
            role LIKE 'company.%' OR confirmed_by IS NULL OR ended_by IS NULL
            OR (end_proposed_by IS NOT NULL AND ended_by <> end_proposed_by)
        )
    )
    """,
    """
    CREATE UNIQUE INDEX appointment_living_idx ON appointment (issuer, subject, role, tenant) WHERE state <> 'ENDED'
    """,
    "CREATE INDEX appointment_tenant_idx ON appointment (tenant, role, id)",
    """
    CREATE TABLE invitation (
        id UUID NOT NULL,
        company_id UUID NOT NULL,
        code_hash BYTEA NOT NULL,
        state TEXT NOT NULL,
        invited_by TEXT NOT NULL,
        accepted_by TEXT,
        expires_at TIMESTAMPTZ NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT invitation_pkey PRIMARY KEY (id),
        CONSTRAINT invitation_code_hash_key UNIQUE (code_hash),
        CONSTRAINT invitation_state_check CHECK (state IN ('OPEN', 'ACCEPTED', 'WITHDRAWN')),
        CONSTRAINT invitation_accepted_check CHECK ((state = 'ACCEPTED') = (accepted_by IS NOT NULL)),
        CONSTRAINT invitation_code_hash_check CHECK (octet_length(code_hash) = 32)
    )
    """,
    "CREATE INDEX invitation_company_id_idx ON invitation (company_id)",
)


_OF_COMPANIES = "role LIKE 'company.%'"
_OWN_COMPANY = f"{_OF_COMPANIES} AND tenant = {rows.tenant_of('company.owner')}"
_OWN_AREA = f"role LIKE 'municipality.%' AND tenant = {rows.tenant_of('municipality.officer', 'municipality.approver')}"
_APPOINTS = f"{rows.is_one_of('province.officer', 'province.approver')} AND NOT {_OF_COMPANIES}"
_LOOKS_ON = f"{rows.is_one_of('auditor')} AND NOT {_OF_COMPANIES}"
_APPOINTED_BY = f"{rows.SERVICE} OR {_OWN_COMPANY} OR {_OWN_AREA} OR {_APPOINTS}"
_INVITED_BY = f"{rows.SERVICE} OR company_id = {rows.tenant_id_of('company.owner')}"


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    sees = f"{_APPOINTED_BY} OR {_LOOKS_ON} OR {rows.is_one_of('identity.provider')}"
    rows.secure(op, "appointment", sees=sees, writes=_APPOINTED_BY)
    rows.secure(op, "invitation", sees=_INVITED_BY, writes=_INVITED_BY)


def downgrade() -> None:
    op.execute("DROP TABLE invitation")
    op.execute("DROP TABLE appointment")
