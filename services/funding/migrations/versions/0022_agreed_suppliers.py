"""Deposited money pays the supplier that the agreement names: kept as a digest, compared again by PostgreSQL."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_MATCHES = """
    CREATE FUNCTION release_matches_supplier() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    DECLARE
        agreed TEXT := (SELECT supplier_digest FROM coverage WHERE project_id = NEW.project_id);
    BEGIN
        IF agreed <> encode(sha256(convert_to(NEW.project_id::text || '/' || NEW.supplier_business_number, 'UTF8')),
                            'hex') THEN
            RAISE EXCEPTION 'release % pays another supplier than the agreement names', NEW.id
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
"""
_TRIGGER = """
    CREATE TRIGGER release_matches_supplier BEFORE INSERT ON release
    FOR EACH ROW WHEN (NEW.supplier_business_number IS NOT NULL) EXECUTE FUNCTION release_matches_supplier()
"""


def upgrade() -> None:
    op.execute("ALTER TABLE coverage ADD COLUMN supplier_digest TEXT")
    op.execute(_MATCHES)
    op.execute(_TRIGGER)


def downgrade() -> None:
    op.execute("DROP TRIGGER release_matches_supplier ON release")
    op.execute("DROP FUNCTION release_matches_supplier()")
    op.execute("ALTER TABLE coverage DROP COLUMN supplier_digest")
