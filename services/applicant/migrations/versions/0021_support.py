"""What municipalities do for builds in their area: site visits on a calendar, permits and help with owner and day."""

from alembic import op

from common import row_security_v1 as rows

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE site_visit (
        id UUID NOT NULL,
        project_id UUID NOT NULL,
        company_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        purpose TEXT NOT NULL,
        place TEXT NOT NULL,
        starts_at TIMESTAMPTZ NOT NULL,
        ends_at TIMESTAMPTZ NOT NULL,
        state TEXT NOT NULL,
        planned_by TEXT NOT NULL,
        changed_at TIMESTAMPTZ NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT site_visit_pkey PRIMARY KEY (id),
        CONSTRAINT site_visit_project_id_fkey FOREIGN KEY (project_id) REFERENCES project (id),
        CONSTRAINT site_visit_times_check CHECK (starts_at < ends_at),
        CONSTRAINT site_visit_state_check CHECK (state IN ('PLANNED', 'CANCELLED'))
    )
    """,
    "CREATE INDEX site_visit_municipality_code_starts_at_id_idx ON site_visit (municipality_code, starts_at, id)",
    "CREATE INDEX site_visit_company_id_starts_at_id_idx ON site_visit (company_id, starts_at, id)",
    """
    CREATE TABLE support_ticket (
        id UUID NOT NULL,
        project_id UUID NOT NULL,
        company_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        kind TEXT NOT NULL,
        request TEXT NOT NULL,
        due_on DATE NOT NULL,
        opened_by TEXT NOT NULL,
        opened_at TIMESTAMPTZ NOT NULL,
        state TEXT NOT NULL,
        owner_subject TEXT,
        owned_by TEXT,
        owned_at TIMESTAMPTZ,
        outcome TEXT,
        closed_by TEXT,
        closed_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT support_ticket_pkey PRIMARY KEY (id),
        CONSTRAINT support_ticket_project_id_fkey FOREIGN KEY (project_id) REFERENCES project (id),
        CONSTRAINT support_ticket_kind_check CHECK (kind IN ('PERMIT', 'HELP')),
        CONSTRAINT support_ticket_state_check CHECK (
            CASE state WHEN 'OPEN' THEN owned_by IS NULL AND closed_at IS NULL
                 WHEN 'OWNED' THEN owned_by IS NOT NULL AND closed_at IS NULL
                 WHEN 'DONE' THEN owned_by IS NOT NULL AND closed_at IS NOT NULL
                 WHEN 'DECLINED' THEN owned_by IS NOT NULL AND closed_at IS NOT NULL
                 ELSE false END
            AND (owned_by IS NULL) = (owner_subject IS NULL) AND (owned_by IS NULL) = (owned_at IS NULL)
            AND (closed_at IS NULL) = (closed_by IS NULL) AND (closed_at IS NULL) = (outcome IS NULL)
        ),
        CONSTRAINT support_ticket_owner_closes_check CHECK (closed_by = owned_by)
    )
    """,
    "CREATE INDEX support_ticket_municipality_code_id_idx ON support_ticket (municipality_code, id)",
    "CREATE INDEX support_ticket_company_id_id_idx ON support_ticket (company_id, id)",
    *(
        f"CREATE TRIGGER {table}_keeps BEFORE DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in ("site_visit", "support_ticket")
    ),
    """
    CREATE TRIGGER site_visit_stays BEFORE UPDATE ON site_visit
    FOR EACH ROW WHEN (OLD.state = 'CANCELLED') EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER support_ticket_stays BEFORE UPDATE ON support_ticket
    FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION refuse_change()
    """,
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON site_visit, support_ticket FROM %I', app);
            EXECUTE format('GRANT UPDATE (starts_at, ends_at, place, state, changed_at, version) ON site_visit TO %I',
                           app);
            EXECUTE format('GRANT UPDATE (state, owner_subject, owned_by, owned_at, outcome, closed_by, closed_at,
                                          version) ON support_ticket TO %I', app);
        END IF;
    END $$
    """,
)

_COMPANY = rows.tenant_id_of("company.owner", "company.staff")
_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_OFFICER = rows.tenant_of("municipality.officer")
_OVERSEES = rows.is_one_of(
    "service", "province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor"
)
_SEES = f"{_OVERSEES} OR company_id = {_COMPANY} OR municipality_code = {_AREA}"


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    rows.secure(op, "site_visit", sees=_SEES, writes=f"{rows.SERVICE} OR municipality_code = {_OFFICER}")
    # A firm asks; what becomes of that is its municipality's to say.
    writes = f"{rows.SERVICE} OR municipality_code = {_OFFICER} OR (company_id = {_COMPANY} AND state = 'OPEN')"
    rows.secure(op, "support_ticket", sees=_SEES, writes=writes)


def downgrade() -> None:
    for table in ("support_ticket", "site_visit"):
        rows.expose(op, table)
    op.execute("DROP TABLE support_ticket, site_visit")
