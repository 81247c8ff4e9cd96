"""Self-payments: one row per transfer of the bank, verified and reviewed by two different people."""

from alembic import op

from common import row_security_v1 as rows

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE self_payment (
        id UUID NOT NULL,
        project_id UUID NOT NULL,
        company_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        amount_won BIGINT NOT NULL,
        paid_on DATE NOT NULL,
        from_account TEXT NOT NULL,
        bank_reference TEXT NOT NULL,
        evidence_sha256 TEXT NOT NULL,
        state TEXT NOT NULL,
        hold_reason TEXT,
        recorded_by TEXT NOT NULL,
        recorded_at TIMESTAMPTZ NOT NULL,
        verified_by TEXT,
        verified_at TIMESTAMPTZ,
        reviewed_by TEXT,
        reviewed_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT self_payment_pkey PRIMARY KEY (id),
        CONSTRAINT self_payment_bank_reference_key UNIQUE (bank_reference),
        CONSTRAINT self_payment_project_id_fkey FOREIGN KEY (project_id) REFERENCES coverage (project_id),
        CONSTRAINT self_payment_amount_check CHECK (amount_won > 0),
        CONSTRAINT self_payment_two_people_check CHECK (
            verified_by <> recorded_by AND reviewed_by <> recorded_by AND reviewed_by <> verified_by
        ),
        CONSTRAINT self_payment_state_check CHECK (
            (verified_by IS NULL) = (verified_at IS NULL) AND (reviewed_by IS NULL) = (reviewed_at IS NULL)
            AND CASE state WHEN 'RECORDED' THEN hold_reason IS NULL AND verified_by IS NULL AND reviewed_by IS NULL
                           WHEN 'HELD' THEN hold_reason IS NOT NULL AND reviewed_by IS NULL
                           WHEN 'VERIFIED' THEN verified_by IS NOT NULL
                                                AND (hold_reason IS NULL) = (reviewed_by IS NULL)
                           WHEN 'REJECTED' THEN hold_reason IS NOT NULL AND reviewed_by IS NOT NULL
                           ELSE FALSE END
        )
    )
    """,
    "CREATE INDEX self_payment_project_id_idx ON self_payment (project_id)",
    "CREATE INDEX self_payment_company_id_idx ON self_payment (company_id)",
    "CREATE INDEX self_payment_municipality_code_idx ON self_payment (municipality_code)",
    # What the firm recorded stays, a reason to hold stays, and what is settled stays settled.
    """
    CREATE FUNCTION self_payment_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        IF (NEW.id, NEW.project_id, NEW.company_id, NEW.municipality_code, NEW.amount_won, NEW.paid_on,
            NEW.from_account, NEW.bank_reference, NEW.evidence_sha256, NEW.recorded_by, NEW.recorded_at)
           IS DISTINCT FROM
           (OLD.id, OLD.project_id, OLD.company_id, OLD.municipality_code, OLD.amount_won, OLD.paid_on,
            OLD.from_account, OLD.bank_reference, OLD.evidence_sha256, OLD.recorded_by, OLD.recorded_at)
           OR OLD.state IN ('VERIFIED', 'REJECTED') OR OLD.hold_reason IS NOT NULL AND NEW.hold_reason IS NULL
           OR OLD.verified_by IS NOT NULL AND NEW.verified_by IS DISTINCT FROM OLD.verified_by
           OR NEW.version <> OLD.version + 1 THEN
            RAISE EXCEPTION 'self-payment % is decided step by step, and what was said stays', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER self_payment_guard BEFORE UPDATE ON self_payment
    FOR EACH ROW EXECUTE FUNCTION self_payment_guard()
    """,
    """
    CREATE TRIGGER self_payment_keeps BEFORE DELETE OR TRUNCATE ON self_payment
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON self_payment FROM %I', app);
            EXECUTE format('GRANT UPDATE (state, hold_reason, verified_by, verified_at, reviewed_by, reviewed_at,
                            version) ON self_payment TO %I', app);
        END IF;
    END $$
    """,
)

_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_COMPANY = rows.tenant_id_of("company.owner", "company.staff")
_OVERSEES = rows.is_one_of(
    "service", "province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor"
)
_DECIDES = rows.is_one_of("service", "technopark.operator", "province.approver")


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    rows.secure(
        op,
        "self_payment",
        sees=f"{_OVERSEES} OR municipality_code = {_AREA} OR company_id = {_COMPANY}",
        writes=f"{_DECIDES} OR company_id = {rows.tenant_id_of('company.owner')}",
    )


def downgrade() -> None:
    rows.expose(op, "self_payment")
    op.execute("DROP TABLE self_payment")
    op.execute("DROP FUNCTION self_payment_guard()")
