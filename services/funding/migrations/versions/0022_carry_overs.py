"""Carry-overs: money of a year that is over is released only as far as two people carried it over before it ended.

A carry-over says how much of its line was promised and unpaid, and how much had been paid: more than the two together
never leaves the line, whatever is promised afterwards.
"""

from alembic import op

from common import row_security_v1 as rows
from common import row_versions_v1 as versions

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE carry_over (
        id UUID NOT NULL,
        budget_line_id UUID NOT NULL,
        municipality_code TEXT,
        fiscal_year BIGINT NOT NULL,
        to_year BIGINT NOT NULL,
        amount_won BIGINT NOT NULL,
        paid_won BIGINT NOT NULL,
        cause TEXT NOT NULL,
        reference TEXT NOT NULL,
        state TEXT NOT NULL,
        proposed_by TEXT NOT NULL,
        proposed_at TIMESTAMPTZ NOT NULL,
        confirmed_by TEXT,
        confirmed_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT carry_over_pkey PRIMARY KEY (id),
        CONSTRAINT carry_over_budget_line_id_fkey FOREIGN KEY (budget_line_id) REFERENCES budget_line (id),
        CONSTRAINT carry_over_year_check CHECK (
            to_year = fiscal_year + 1
            AND extract(year FROM proposed_at AT TIME ZONE 'Asia/Seoul') <= fiscal_year
            AND (confirmed_at IS NULL OR extract(year FROM confirmed_at AT TIME ZONE 'Asia/Seoul') <= fiscal_year)
        ),
        CONSTRAINT carry_over_amount_check CHECK (amount_won > 0 AND paid_won >= 0),
        CONSTRAINT carry_over_cause_check CHECK (cause IN ('BUILD_CROSSES_YEAR', 'DELAYED_BY_ACCIDENT')),
        CONSTRAINT carry_over_state_check CHECK (
            CASE state WHEN 'PROPOSED' THEN confirmed_by IS NULL AND confirmed_at IS NULL
                       WHEN 'CONFIRMED' THEN confirmed_by IS NOT NULL AND confirmed_at IS NOT NULL
                       ELSE FALSE END
        ),
        CONSTRAINT carry_over_two_people_check CHECK (confirmed_by <> proposed_by)
    )
    """,
    "CREATE INDEX carry_over_budget_line_id_idx ON carry_over (budget_line_id)",
    "CREATE UNIQUE INDEX carry_over_one_proposed_idx ON carry_over (budget_line_id) WHERE state = 'PROPOSED'",
    """
    CREATE FUNCTION carry_over_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.state <> 'PROPOSED' OR (NEW.municipality_code, NEW.fiscal_year) IS DISTINCT FROM
               (SELECT (municipality_code, fiscal_year) FROM budget_line WHERE id = NEW.budget_line_id) THEN
                RAISE EXCEPTION 'carry-over % is not of its line', NEW.id USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END IF;
        IF OLD.state = 'CONFIRMED' OR NEW.version <> OLD.version + 1
           OR (NEW.id, NEW.budget_line_id, NEW.municipality_code, NEW.fiscal_year, NEW.to_year, NEW.cause,
               NEW.reference, NEW.proposed_by, NEW.proposed_at)
              IS DISTINCT FROM (OLD.id, OLD.budget_line_id, OLD.municipality_code, OLD.fiscal_year, OLD.to_year,
               OLD.cause, OLD.reference, OLD.proposed_by, OLD.proposed_at) THEN
            RAISE EXCEPTION 'carry-over % is confirmed once, as it was proposed', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.paid_won + NEW.amount_won > (
            SELECT coalesce(sum(e.amount_won), 0)
              FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
              JOIN ledger_transfer t ON t.id = e.transfer_id
             WHERE a.budget_line_id = NEW.budget_line_id
               AND (a.kind IN ('COMMITTED', 'PENDING') OR a.kind = 'PAID' AND t.kind = 'DISBURSEMENT')) THEN
            RAISE EXCEPTION 'carry-over % is of more than its line has promised', OLD.id
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER carry_over_guard BEFORE INSERT OR UPDATE ON carry_over
    FOR EACH ROW EXECUTE FUNCTION carry_over_guard()
    """,
    """
    CREATE TRIGGER carry_over_keeps BEFORE DELETE OR TRUNCATE ON carry_over
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE FUNCTION release_in_its_year() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    DECLARE
        of_year INT := extract(year FROM coalesce(NEW.ordered_at, NEW.requested_at) AT TIME ZONE 'Asia/Seoul');
        may_won BIGINT;
        left_won BIGINT;
    BEGIN
        PERFORM FROM budget_line
          WHERE id = NEW.budget_line_id AND legal_regime <> 'PRIVATE_FUND' AND fiscal_year < of_year;
        IF NOT FOUND THEN
            RETURN NEW;
        END IF;
        SELECT coalesce(max(paid_won + amount_won), 0) INTO may_won FROM carry_over
          WHERE budget_line_id = NEW.budget_line_id AND state = 'CONFIRMED' AND to_year >= of_year;
        SELECT coalesce(sum(amount_won), 0) + CASE TG_OP WHEN 'INSERT' THEN NEW.amount_won ELSE 0 END INTO left_won
          FROM release WHERE budget_line_id = NEW.budget_line_id AND state <> 'VOIDED';
        IF left_won > may_won THEN
            RAISE EXCEPTION 'the fiscal year of release % is over, and % won were carried over', NEW.id, may_won
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER release_in_its_year BEFORE INSERT ON release
    FOR EACH ROW EXECUTE FUNCTION release_in_its_year()
    """,
    """
    CREATE TRIGGER release_ordered_in_its_year BEFORE UPDATE ON release
    FOR EACH ROW WHEN (NEW.state = 'ORDERED' AND OLD.state = 'APPROVED') EXECUTE FUNCTION release_in_its_year()
    """,
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE DELETE, TRUNCATE ON carry_over FROM %I', app);
        END IF;
    END $$
    """,
)
_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_OWN_AREA = rows.tenant_of("municipality.officer", "municipality.approver")
_AUDITS = rows.is_one_of("service", "province.officer", "province.approver", "province.treasurer", "auditor")
_PROVINCE = rows.is_one_of("province.officer", "province.treasurer")


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    rows.secure(
        op,
        "carry_over",
        sees=f"{_AUDITS} OR municipality_code = {_AREA}",
        writes=f"{rows.SERVICE} OR municipality_code = {_OWN_AREA} OR municipality_code IS NULL AND {_PROVINCE}",
    )
    versions.keep(op, "carry_over", key=("id",), words=("reference",))


def downgrade() -> None:
    for trigger in ("release_ordered_in_its_year", "release_in_its_year"):
        op.execute(f"DROP TRIGGER {trigger} ON release")
    op.execute("DROP FUNCTION release_in_its_year()")
    versions.forget(op, "carry_over")
    rows.expose(op, "carry_over")
    op.execute("DROP TABLE carry_over")
    op.execute("DROP FUNCTION carry_over_guard()")
