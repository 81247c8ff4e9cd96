"""Amendments of agreements: agreed by the parties, decided by the province, each version with its reason, for good."""

from alembic import op

from common import row_security_v1 as rows

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE agreement_amendment (
        id UUID NOT NULL,
        project_id UUID NOT NULL,
        application_id UUID NOT NULL,
        company_id UUID NOT NULL,
        call_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        terms_before JSONB NOT NULL,
        terms_after JSONB NOT NULL,
        total_cost_won BIGINT NOT NULL,
        supplier_before TEXT NOT NULL,
        supplier_after TEXT NOT NULL,
        cause TEXT NOT NULL,
        cause_on DATE NOT NULL,
        reason TEXT NOT NULL,
        evidence_sha256 TEXT[] NOT NULL,
        requested_by TEXT NOT NULL,
        requested_party TEXT NOT NULL,
        requested_at TIMESTAMPTZ NOT NULL,
        rule_version TEXT NOT NULL,
        state TEXT NOT NULL,
        edition BIGINT,
        decided_by TEXT,
        decided_at TIMESTAMPTZ,
        decision_reason TEXT,
        version BIGINT NOT NULL,
        CONSTRAINT agreement_amendment_pkey PRIMARY KEY (id),
        CONSTRAINT agreement_amendment_project_id_fkey FOREIGN KEY (project_id) REFERENCES agreement (project_id),
        CONSTRAINT agreement_amendment_project_id_edition_key UNIQUE (project_id, edition),
        CONSTRAINT agreement_amendment_cause_check
            CHECK (cause IN ('DESIGN_CHANGE', 'PRICE_CHANGE', 'SUPPLIER_FAILURE', 'DELAY')),
        CONSTRAINT agreement_amendment_party_check CHECK (requested_party IN ('ADOPTER', 'OPERATOR')),
        CONSTRAINT agreement_amendment_contract_check
            CHECK ((terms_after ->> 'supplier_contract_won')::bigint BETWEEN 1 AND total_cost_won),
        CONSTRAINT agreement_amendment_state_check CHECK (
            CASE state WHEN 'REQUESTED' THEN decided_at IS NULL AND edition IS NULL
                 WHEN 'AGREED' THEN decided_at IS NULL AND edition IS NULL
                 WHEN 'APPROVED' THEN decided_at IS NOT NULL AND edition >= 2
                 WHEN 'REFUSED' THEN decided_at IS NOT NULL AND edition IS NULL
                 WHEN 'WITHDRAWN' THEN decided_at IS NOT NULL AND edition IS NULL
                 ELSE false END
            AND (decided_at IS NULL) = (decided_by IS NULL) AND (decided_at IS NULL) = (decision_reason IS NULL)
        )
    )
    """,
    """
    CREATE UNIQUE INDEX agreement_amendment_one_open_idx ON agreement_amendment (project_id)
        WHERE state IN ('REQUESTED', 'AGREED')
    """,
    "CREATE INDEX agreement_amendment_company_id_id_idx ON agreement_amendment (company_id, id)",
    "CREATE INDEX agreement_amendment_municipality_code_id_idx ON agreement_amendment (municipality_code, id)",
    """
    CREATE TABLE amendment_consent (
        amendment_id UUID NOT NULL,
        party TEXT NOT NULL,
        consented_by TEXT NOT NULL,
        consented_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT amendment_consent_pkey PRIMARY KEY (amendment_id, party),
        CONSTRAINT amendment_consent_amendment_id_fkey FOREIGN KEY (amendment_id) REFERENCES agreement_amendment (id),
        CONSTRAINT amendment_consent_party_check CHECK (party IN ('ADOPTER', 'SUPPLIER', 'OPERATOR'))
    )
    """,
)

# As the owner, who sees all consents: nothing is approved that a party has not agreed to, nor by one of those people.
_GUARDS = (
    """
    CREATE FUNCTION amendment_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN
        IF OLD.state IN ('APPROVED', 'REFUSED', 'WITHDRAWN') THEN
            RAISE EXCEPTION 'amendment % is %, which stays', OLD.id, OLD.state USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.state IN ('AGREED', 'APPROVED')
           AND (SELECT count(*) FROM amendment_consent c WHERE c.amendment_id = NEW.id) <> 3 THEN
            RAISE EXCEPTION 'amendment % is not agreed by all parties', NEW.id USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.state IN ('APPROVED', 'REFUSED')
           AND (NEW.decided_by = NEW.requested_by
                OR EXISTS (SELECT FROM amendment_consent c
                            WHERE c.amendment_id = NEW.id AND c.consented_by = NEW.decided_by)) THEN
            RAISE EXCEPTION 'amendment % is decided by one of its parties', NEW.id USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER amendment_guard BEFORE UPDATE ON agreement_amendment
    FOR EACH ROW EXECUTE FUNCTION amendment_guard()
    """,
    """
    CREATE TRIGGER agreement_amendment_keeps BEFORE DELETE OR TRUNCATE ON agreement_amendment
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER amendment_consent_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON amendment_consent
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON agreement_amendment, amendment_consent FROM %I', app);
            EXECUTE format('GRANT UPDATE (state, edition, decided_by, decided_at, decision_reason, version)
                            ON agreement_amendment TO %I', app);
        END IF;
    END $$
    """,
)

_COMPANY = rows.tenant_id_of("company.owner", "company.staff")
_OWNER = rows.tenant_id_of("company.owner")
_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_SUPPLIER = rows.tenant_of("supplier")
_STAFF = rows.is_one_of("service", "technopark.operator", "province.approver")
_OVERSEES = rows.is_one_of(
    "service", "province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor"
)
_OF_AN_AMENDMENT = "EXISTS (SELECT FROM agreement_amendment a WHERE a.id = amendment_consent.amendment_id{more})"

# By table: which rows are seen, and which may be written. A subquery sees what its caller sees.
_ROWS = {
    "agreement_amendment": (
        (
            f"{_OVERSEES} OR company_id = {_COMPANY} OR municipality_code = {_AREA}"
            f" OR supplier_before = {_SUPPLIER} OR supplier_after = {_SUPPLIER}"
        ),
        f"{_STAFF} OR company_id = {_OWNER} OR supplier_after = {_SUPPLIER}",
    ),
    # Nobody consents for another party.
    "amendment_consent": (
        _OF_AN_AMENDMENT.format(more=""),
        (
            f"{rows.SERVICE} OR {rows.is_one_of('technopark.operator')} AND party = 'OPERATOR'"
            f" OR party = 'ADOPTER' AND {_OF_AN_AMENDMENT.format(more=f' AND a.company_id = {_OWNER}')}"
            f" OR party = 'SUPPLIER' AND {_OF_AN_AMENDMENT.format(more=f' AND a.supplier_after = {_SUPPLIER}')}"
        ),
    ),
}


def upgrade() -> None:
    for statement in (*_STATEMENTS, *_GUARDS):
        op.execute(statement)
    for table, (sees, writes) in _ROWS.items():
        rows.secure(op, table, sees=sees, writes=writes)


def downgrade() -> None:
    for table in reversed(_ROWS):
        rows.expose(op, table)
    op.execute("DROP TABLE amendment_consent, agreement_amendment")
    op.execute("DROP FUNCTION amendment_guard()")
