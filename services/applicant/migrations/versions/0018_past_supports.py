"""Firms that were supported before this system: imported rows that stay, withdrawn where they were wrong."""

from alembic import op

from common import row_security_v1 as rows

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE past_support (
        id UUID NOT NULL,
        business_number TEXT NOT NULL,
        company_name TEXT NOT NULL,
        worksite_name TEXT NOT NULL,
        municipality_code TEXT NOT NULL,
        code_as_written TEXT NOT NULL,
        scheme TEXT NOT NULL,
        fiscal_year BIGINT NOT NULL,
        supported_on DATE NOT NULL,
        supported_won BIGINT NOT NULL,
        imported_by TEXT NOT NULL,
        imported_at TIMESTAMPTZ NOT NULL,
        withdrawn_by TEXT,
        withdrawn_at TIMESTAMPTZ,
        withdrawal_reason TEXT,
        version BIGINT NOT NULL,
        CONSTRAINT past_support_pkey PRIMARY KEY (id),
        CONSTRAINT past_support_supported_won_check CHECK (supported_won >= 0),
        CONSTRAINT past_support_withdrawn_check CHECK (
            (withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdrawal_reason IS NULL)
        )
    )
    """,
    """
    CREATE UNIQUE INDEX past_support_once_idx ON past_support (business_number, scheme, fiscal_year, worksite_name)
        WHERE withdrawn_at IS NULL
    """,
    "CREATE INDEX past_support_municipality_code_id_idx ON past_support (municipality_code, id)",
    """
    CREATE TRIGGER past_support_keeps BEFORE DELETE OR TRUNCATE ON past_support
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER past_support_stays BEFORE UPDATE ON past_support
    FOR EACH ROW WHEN (OLD.withdrawn_at IS NOT NULL) EXECUTE FUNCTION refuse_change()
    """,
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON past_support FROM %I', app);
            EXECUTE format('GRANT UPDATE (withdrawn_by, withdrawn_at, withdrawal_reason, version)
                            ON past_support TO %I', app);
        END IF;
    END $$
    """,
)

_COMPANY = rows.tenant_id_of("company.owner", "company.staff")
_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_OVERSEES = rows.is_one_of(
    "service", "province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor"
)
# A firm is known here by its business number only: it may have been supported long before it had an account.
_ITS_OWN = f"business_number = (SELECT company.business_number FROM company WHERE company.id = {_COMPANY})"


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    rows.secure(
        op,
        "past_support",
        sees=f"{_OVERSEES} OR municipality_code = {_AREA} OR {_ITS_OWN}",
        writes=rows.is_one_of("service", "technopark.operator"),
    )


def downgrade() -> None:
    rows.expose(op, "past_support")
    op.execute("DROP TABLE past_support")
