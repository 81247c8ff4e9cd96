"""Standings: no payment is ordered unless the tax office's last word on its firm is good and still holds."""

from alembic import op

from common import row_security_v1 as rows
from common import row_versions_v1 as versions

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE standing (
        id UUID NOT NULL,
        project_id UUID NOT NULL,
        company_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        number BIGINT NOT NULL,
        rule_version TEXT NOT NULL,
        state TEXT NOT NULL,
        asked_by TEXT NOT NULL,
        asked_at TIMESTAMPTZ NOT NULL,
        status TEXT,
        national_tax_arrears BOOLEAN,
        local_tax_arrears BOOLEAN,
        about DATE,
        answered_at TIMESTAMPTZ,
        answer_sha256 TEXT,
        holds_until TIMESTAMPTZ,
        CONSTRAINT standing_pkey PRIMARY KEY (id),
        CONSTRAINT standing_project_id_number_key UNIQUE (project_id, number),
        CONSTRAINT standing_project_id_fkey FOREIGN KEY (project_id) REFERENCES coverage (project_id),
        CONSTRAINT standing_status_check CHECK (status IN ('ACTIVE', 'SUSPENDED', 'CLOSED')),
        CONSTRAINT standing_state_check CHECK (
            CASE state
                WHEN 'ASKED' THEN num_nonnulls(status, national_tax_arrears, local_tax_arrears, about, answered_at,
                                               answer_sha256, holds_until) = 0
                WHEN 'GOOD' THEN num_nulls(about, answered_at, answer_sha256, holds_until) = 0
                                 AND coalesce(status = 'ACTIVE' AND NOT national_tax_arrears AND NOT local_tax_arrears,
                                              FALSE)
                WHEN 'BAD' THEN num_nulls(status, national_tax_arrears, local_tax_arrears, about, answered_at,
                                          answer_sha256, holds_until) = 0
                ELSE FALSE END
        )
    )
    """,
    "CREATE INDEX standing_company_id_idx ON standing (company_id)",
    "CREATE UNIQUE INDEX standing_one_asked_idx ON standing (project_id) WHERE state = 'ASKED'",
    """
    CREATE FUNCTION standing_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.state <> 'ASKED' OR NOT EXISTS (
                SELECT FROM coverage WHERE project_id = NEW.project_id AND state = 'GRANTED'
                   AND (company_id, municipality_code) = (NEW.company_id, NEW.municipality_code)) THEN
                RAISE EXCEPTION 'standing % does not begin as a question about its project''s firm', NEW.id
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END IF;
        IF OLD.state <> 'ASKED' OR (NEW.id, NEW.project_id, NEW.company_id, NEW.municipality_code, NEW.number,
                                    NEW.rule_version, NEW.asked_by, NEW.asked_at)
           IS DISTINCT FROM (OLD.id, OLD.project_id, OLD.company_id, OLD.municipality_code, OLD.number,
                             OLD.rule_version, OLD.asked_by, OLD.asked_at) THEN
            RAISE EXCEPTION 'standing % is answered once, as it was asked', OLD.id USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER standing_guard BEFORE INSERT OR UPDATE ON standing
    FOR EACH ROW EXECUTE FUNCTION standing_guard()
    """,
    """
    CREATE TRIGGER standing_keeps BEFORE DELETE OR TRUNCATE ON standing
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    "ALTER TABLE release ADD COLUMN standing_id UUID CONSTRAINT release_standing_id_fkey REFERENCES standing (id)",
    # What was ordered before this rests on none. From here on the last answer counts, whoever orders.
    """
    CREATE FUNCTION release_rests_on_standing() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN
        IF TG_OP = 'INSERT' OR (OLD.state, NEW.state) <> ('APPROVED', 'ORDERED') THEN
            RAISE EXCEPTION 'release % rests on the standing that it was ordered by', NEW.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        PERFORM FROM standing s
          WHERE s.id = NEW.standing_id AND s.project_id = NEW.project_id AND s.state = 'GOOD'
            AND NEW.ordered_at < s.holds_until
            AND NOT EXISTS (SELECT FROM standing later
                             WHERE later.project_id = s.project_id AND later.number > s.number
                               AND later.state <> 'ASKED');
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the firm of release % is not known to be in good standing', NEW.id
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER release_begins_on_no_standing BEFORE INSERT ON release
    FOR EACH ROW WHEN (NEW.standing_id IS NOT NULL) EXECUTE FUNCTION release_rests_on_standing()
    """,
    """
    CREATE TRIGGER release_rests_on_standing BEFORE UPDATE ON release
    FOR EACH ROW WHEN (NEW.state = 'ORDERED' AND OLD.state = 'APPROVED'
                       OR NEW.standing_id IS DISTINCT FROM OLD.standing_id)
    EXECUTE FUNCTION release_rests_on_standing()
    """,
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON standing FROM %I', app);
            EXECUTE format('GRANT UPDATE (state, status, national_tax_arrears, local_tax_arrears, about, answered_at,
                            answer_sha256, holds_until) ON standing TO %I', app);
            EXECUTE format('GRANT UPDATE (standing_id) ON release TO %I', app);
        END IF;
    END $$
    """,
)
_REASONS = """
    ALTER TABLE release_hold ADD CONSTRAINT release_hold_reason_check CHECK (
        reason IN ('SUPPLIER_INSOLVENT', 'FRAUD_SUSPECTED', 'INSPECTION_FINDING', 'PAYEE_DOUBTED', {by_project})
    )
"""
_TWO_PEOPLE = """
    ALTER TABLE release_hold ADD CONSTRAINT release_hold_two_people_check CHECK (
        (lift_proposed_by IS NULL) = (lift_proposed_at IS NULL) AND (lifted_by IS NULL) = (lifted_at IS NULL)
        AND (lifted_by IS NULL OR reason IN ({by_project}) OR coalesce(lifted_by <> lift_proposed_by, FALSE))
    )
"""
_DROP_HOLD = (
    "ALTER TABLE release_hold DROP CONSTRAINT release_hold_reason_check",
    "ALTER TABLE release_hold DROP CONSTRAINT release_hold_two_people_check",
)
_BY_PROJECT = "'PROJECT_SUSPENDED', 'PROJECT_ENDED', 'PROJECT_RECOVERY'"

_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_APPROVER_OF = rows.tenant_of("municipality.approver")
_COMPANY = rows.tenant_id_of("company.owner", "company.staff")
_OVERSEES = rows.is_one_of(
    "service", "province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor"
)
_PROVINCE = rows.is_one_of("service", "province.officer", "province.approver", "province.treasurer")


def upgrade() -> None:
    for statement in (*_DROP_HOLD, *_STATEMENTS):
        op.execute(statement)
    by_project = f"{_BY_PROJECT}, 'PROJECT_FIRM_STANDING'"
    op.execute(_REASONS.format(by_project=by_project))
    op.execute(_TWO_PEOPLE.format(by_project=by_project))
    rows.secure(
        op,
        "standing",
        sees=f"{_OVERSEES} OR municipality_code = {_AREA} OR company_id = {_COMPANY}",
        writes=f"{_PROVINCE} OR municipality_code = {_APPROVER_OF}",
    )
    versions.keep(op, "standing", key=("id",))


def downgrade() -> None:
    versions.forget(op, "standing")
    rows.expose(op, "standing")
    for trigger in ("release_rests_on_standing", "release_begins_on_no_standing"):
        op.execute(f"DROP TRIGGER {trigger} ON release")
    op.execute("DROP FUNCTION release_rests_on_standing()")
    op.execute("ALTER TABLE release DROP COLUMN standing_id")
    op.execute("DROP TABLE standing")
    op.execute("DROP FUNCTION standing_guard()")
    # What is held for this alone cannot be said in the words of before: it stays held, as a suspension's holds are.
    op.execute("ALTER TABLE release_hold DISABLE TRIGGER USER")
    for statement in _DROP_HOLD:
        op.execute(statement)
    op.execute("UPDATE release_hold SET reason = 'PROJECT_SUSPENDED' WHERE reason = 'PROJECT_FIRM_STANDING'")
    op.execute("ALTER TABLE release_hold ENABLE TRIGGER USER")
    op.execute(_REASONS.format(by_project=_BY_PROJECT))
    op.execute(_TWO_PEOPLE.format(by_project=_BY_PROJECT))
