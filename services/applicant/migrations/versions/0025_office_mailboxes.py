"""Offices have mailboxes of their own, notices go to municipalities and tell of money; a reserve may object too."""

from alembic import op

from common import row_security_v1 as rows

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE office_mailbox (
        id UUID NOT NULL,
        office TEXT NOT NULL,
        address TEXT,
        state TEXT NOT NULL,
        proposed_by TEXT NOT NULL,
        proposed_at TIMESTAMPTZ NOT NULL,
        confirmed_by TEXT,
        confirmed_at TIMESTAMPTZ,
        ended_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT office_mailbox_pkey PRIMARY KEY (id),
        CONSTRAINT office_mailbox_office_check CHECK (office LIKE '52___' OR office IN ('52', 'TECHNOPARK')),
        CONSTRAINT office_mailbox_state_check CHECK (
            CASE state WHEN 'PROPOSED' THEN confirmed_by IS NULL AND confirmed_at IS NULL
                       WHEN 'CONFIRMED' THEN confirmed_by IS NOT NULL AND confirmed_at IS NOT NULL
                       WHEN 'REPLACED' THEN TRUE
                       ELSE FALSE END
        ),
        CONSTRAINT office_mailbox_address_check CHECK (
            (state = 'REPLACED') = (address IS NULL) AND (state = 'REPLACED') = (ended_at IS NOT NULL)
        ),
        CONSTRAINT office_mailbox_two_people_check CHECK (confirmed_by <> proposed_by)
    )
    """,
    "CREATE UNIQUE INDEX office_mailbox_waiting_idx ON office_mailbox (office) WHERE state = 'PROPOSED'",
    "CREATE UNIQUE INDEX office_mailbox_in_force_idx ON office_mailbox (office) WHERE state = 'CONFIRMED'",
    "CREATE INDEX office_mailbox_office_id_idx ON office_mailbox (office, id)",
    """
    CREATE TRIGGER office_mailbox_keeps BEFORE DELETE OR TRUNCATE ON office_mailbox
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    # An address is confirmed as it was proposed, or wiped; what has ended has ended.
    """
    CREATE TRIGGER office_mailbox_stays BEFORE UPDATE ON office_mailbox
    FOR EACH ROW WHEN (
        OLD.state = 'REPLACED' OR NEW.address <> OLD.address OR NEW.office <> OLD.office
        OR NEW.proposed_by <> OLD.proposed_by OR OLD.state = 'CONFIRMED' AND NEW.state = 'PROPOSED'
    ) EXECUTE FUNCTION refuse_change()
    """,
    "ALTER TABLE notice ALTER COLUMN company_id DROP NOT NULL",
    "ALTER TABLE notice ALTER COLUMN application_id DROP NOT NULL",
    "ALTER TABLE notice ADD COLUMN municipality_code TEXT",
    "ALTER TABLE notice ADD COLUMN budget_line_id UUID",
    "ALTER TABLE notice ADD COLUMN sent_to TEXT",
    "ALTER TABLE notice DROP CONSTRAINT notice_recipient_check",
    """
    ALTER TABLE notice ADD CONSTRAINT notice_recipient_check CHECK (
        recipient IN ('COMPANY', 'OPERATOR', 'PROVINCE', 'MUNICIPALITY')
        AND (recipient = 'MUNICIPALITY') = (municipality_code IS NOT NULL)
    )
    """,
    """
    ALTER TABLE notice ADD CONSTRAINT notice_about_check CHECK (
        (application_id IS NULL) = (company_id IS NULL) AND (application_id IS NULL) <> (budget_line_id IS NULL)
    )
    """,
    """
    CREATE INDEX notice_municipality_code_queued_at_id_idx ON notice (municipality_code, queued_at, id)
    WHERE municipality_code IS NOT NULL
    """,
    "ALTER TABLE legal_deadline DROP CONSTRAINT legal_deadline_duty_check",
    """
    ALTER TABLE legal_deadline ADD CONSTRAINT legal_deadline_duty_check CHECK (
        duty IN ('FIRM', 'OPERATOR', 'PROVINCE', 'MUNICIPALITY')
    )
    """,
    "ALTER TABLE objection DROP CONSTRAINT objection_against_check",
    """
    ALTER TABLE objection ADD CONSTRAINT objection_against_check CHECK (
        against IN ('INELIGIBLE', 'NOT_SELECTED', 'RESERVE')
    )
    """,
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON office_mailbox FROM %I', app);
            EXECUTE format('GRANT UPDATE (address, state, confirmed_by, confirmed_at, ended_at, version)
                            ON office_mailbox TO %I', app);
            EXECUTE format('GRANT UPDATE (sent_to) ON notice TO %I', app);
        END IF;
    END $$
    """,
)
# What only the newer form can hold is taken out before the older one is put back.
_BACK = (
    "ALTER TABLE notice DISABLE TRIGGER USER",
    "DELETE FROM notice WHERE budget_line_id IS NOT NULL OR recipient = 'MUNICIPALITY'",
    "ALTER TABLE notice ENABLE TRIGGER USER",
    "DROP INDEX notice_municipality_code_queued_at_id_idx",
    "ALTER TABLE notice DROP CONSTRAINT notice_about_check",
    "ALTER TABLE notice DROP CONSTRAINT notice_recipient_check",
    "ALTER TABLE notice ADD CONSTRAINT notice_recipient_check CHECK (recipient IN ('COMPANY', 'OPERATOR', 'PROVINCE'))",
    "ALTER TABLE notice DROP COLUMN municipality_code, DROP COLUMN budget_line_id, DROP COLUMN sent_to",
    "ALTER TABLE notice ALTER COLUMN company_id SET NOT NULL",
    "ALTER TABLE notice ALTER COLUMN application_id SET NOT NULL",
    "ALTER TABLE legal_deadline DISABLE TRIGGER USER",
    "UPDATE legal_deadline SET duty = 'OPERATOR' WHERE duty = 'MUNICIPALITY'",
    "ALTER TABLE legal_deadline ENABLE TRIGGER USER",
    "ALTER TABLE legal_deadline DROP CONSTRAINT legal_deadline_duty_check",
    """
    ALTER TABLE legal_deadline ADD CONSTRAINT legal_deadline_duty_check CHECK (
        duty IN ('FIRM', 'OPERATOR', 'PROVINCE')
    )
    """,
    "ALTER TABLE objection DISABLE TRIGGER USER",
    "UPDATE objection SET against = 'NOT_SELECTED' WHERE against = 'RESERVE'",
    "ALTER TABLE objection ENABLE TRIGGER USER",
    "ALTER TABLE objection DROP CONSTRAINT objection_against_check",
    "ALTER TABLE objection ADD CONSTRAINT objection_against_check CHECK (against IN ('INELIGIBLE', 'NOT_SELECTED'))",
)

_COMPANY = rows.tenant_id_of("company.owner", "company.staff")
_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_OWN_AREA = rows.tenant_of("municipality.officer", "municipality.approver")
_STAFF = rows.is_one_of("service", "technopark.operator", "province.approver")
_OVERSEES = rows.is_one_of(
    "service", "province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor"
)
_FIRMS_OWN = f"company_id = {_COMPANY} AND recipient = 'COMPANY'"
_NOTICE_WRITES = f"{_STAFF} OR {_FIRMS_OWN}"
_MAILBOX_WRITES = (
    f"{rows.SERVICE} OR office = {_OWN_AREA}"
    f" OR office = '52' AND {rows.is_one_of('province.officer', 'province.approver')}"
    f" OR office = 'TECHNOPARK' AND {rows.is_one_of('technopark.operator')}"
)


def upgrade() -> None:
    rows.expose(op, "notice")
    for statement in _STATEMENTS:
        op.execute(statement)
    rows.secure(op, "office_mailbox", sees=f"{_OVERSEES} OR office = {_AREA}", writes=_MAILBOX_WRITES)
    # A municipality reads what it was told, and no other's.
    rows.secure(
        op,
        "notice",
        sees=f"{_OVERSEES} OR {_FIRMS_OWN} OR municipality_code = {_AREA}",
        writes=_NOTICE_WRITES,
    )


def downgrade() -> None:
    rows.expose(op, "notice")
    for statement in _BACK:
        op.execute(statement)
    rows.secure(op, "notice", sees=f"{_OVERSEES} OR {_FIRMS_OWN}", writes=_NOTICE_WRITES)
    rows.expose(op, "office_mailbox")
    op.execute("DROP TABLE office_mailbox")
