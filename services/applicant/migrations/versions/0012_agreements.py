"""Agreements: one per project, signatures that stay, deadlines with their rule; each party sees and writes its own."""

from alembic import op

from common import row_security_v1 as rows

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE agreement (
        project_id UUID NOT NULL,
        application_id UUID NOT NULL,
        company_id UUID NOT NULL,
        call_id UUID NOT NULL,
        type_code TEXT NOT NULL,
        municipality_code TEXT NOT NULL,
        commitment_id UUID NOT NULL,
        total_cost_won BIGINT NOT NULL,
        shares JSONB NOT NULL,
        supplier_business_number TEXT NOT NULL,
        plan_sha256 TEXT,
        supplier_contract_won BIGINT,
        state TEXT NOT NULL,
        drafted_at TIMESTAMPTZ NOT NULL,
        effective_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT agreement_pkey PRIMARY KEY (project_id),
        CONSTRAINT agreement_project_id_fkey FOREIGN KEY (project_id) REFERENCES project (id),
        CONSTRAINT agreement_contract_check
            CHECK (supplier_contract_won > 0 AND supplier_contract_won <= total_cost_won),
        CONSTRAINT agreement_state_check CHECK (
            CASE WHEN state IN ('DRAFT', 'ISSUED') THEN plan_sha256 IS NULL AND supplier_contract_won IS NULL
                 WHEN state IN ('SIGNED_BY_ADOPTER', 'SIGNED_BY_SUPPLIER', 'SIGNED_BY_OPERATOR', 'EFFECTIVE')
                 THEN plan_sha256 IS NOT NULL AND supplier_contract_won IS NOT NULL
                 ELSE state IN ('LAPSED', 'WITHDRAWN') END
            AND (state = 'EFFECTIVE') = (effective_at IS NOT NULL)
        )
    )
    """,
    "CREATE INDEX agreement_company_id_idx ON agreement (company_id)",
    "CREATE INDEX agreement_call_id_idx ON agreement (call_id)",
    "CREATE INDEX agreement_municipality_code_idx ON agreement (municipality_code)",
    "CREATE INDEX agreement_supplier_business_number_idx ON agreement (supplier_business_number)",
    """
    CREATE TABLE agreement_signature (
        project_id UUID NOT NULL,
        party TEXT NOT NULL,
        signed_by TEXT NOT NULL,
        signed_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT agreement_signature_pkey PRIMARY KEY (project_id, party),
        CONSTRAINT agreement_signature_project_id_fkey FOREIGN KEY (project_id) REFERENCES agreement (project_id),
        CONSTRAINT agreement_signature_party_check CHECK (party IN ('ADOPTER', 'SUPPLIER', 'OPERATOR'))
    )
    """,
    """
    CREATE TABLE legal_deadline (
        project_id UUID NOT NULL,
        kind TEXT NOT NULL,
        due_at TIMESTAMPTZ NOT NULL,
        rule TEXT NOT NULL,
        rule_version TEXT NOT NULL,
        source_note TEXT NOT NULL,
        state TEXT NOT NULL,
        settled_at TIMESTAMPTZ,
        CONSTRAINT legal_deadline_pkey PRIMARY KEY (project_id, kind),
        CONSTRAINT legal_deadline_project_id_fkey FOREIGN KEY (project_id) REFERENCES agreement (project_id),
        CONSTRAINT legal_deadline_state_check CHECK (
            state IN ('OPEN', 'MET', 'MISSED', 'DROPPED') AND (state = 'OPEN') = (settled_at IS NULL)
        )
    )
    """,
    "CREATE INDEX legal_deadline_open_idx ON legal_deadline (due_at) WHERE state = 'OPEN'",
)

_GUARDS = (
    # Whoever can write the row can still not rewrite what was signed, nor bring back what has ended.
    """
    CREATE FUNCTION agreement_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        IF OLD.state IN ('EFFECTIVE', 'LAPSED', 'WITHDRAWN') THEN
            RAISE EXCEPTION 'agreement % is %, which stays', OLD.project_id, OLD.state
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF OLD.plan_sha256 IS NOT NULL AND (NEW.plan_sha256, NEW.supplier_contract_won) IS DISTINCT FROM
                                           (OLD.plan_sha256, OLD.supplier_contract_won) THEN
            RAISE EXCEPTION 'the terms of agreement % are signed', OLD.project_id USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.state IN ('SIGNED_BY_ADOPTER', 'SIGNED_BY_SUPPLIER', 'SIGNED_BY_OPERATOR', 'EFFECTIVE')
           AND OLD.state <> (CASE NEW.state WHEN 'SIGNED_BY_ADOPTER' THEN 'ISSUED'
                                            WHEN 'SIGNED_BY_SUPPLIER' THEN 'SIGNED_BY_ADOPTER'
                                            WHEN 'SIGNED_BY_OPERATOR' THEN 'SIGNED_BY_SUPPLIER'
                                            ELSE 'SIGNED_BY_OPERATOR' END) THEN
            RAISE EXCEPTION 'agreement % goes from % to % only in turn', OLD.project_id, OLD.state, NEW.state
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER agreement_guard BEFORE UPDATE ON agreement FOR EACH ROW EXECUTE FUNCTION agreement_guard()",
    """
    CREATE TRIGGER agreement_keeps BEFORE DELETE OR TRUNCATE ON agreement
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER agreement_signature_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON agreement_signature
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER legal_deadline_keeps BEFORE DELETE OR TRUNCATE ON legal_deadline
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON agreement, agreement_signature, legal_deadline
                            FROM %I', app);
            EXECUTE format('GRANT UPDATE (state, plan_sha256, supplier_contract_won, effective_at, version)
                            ON agreement TO %I', app);
            EXECUTE format('GRANT UPDATE (state, settled_at) ON legal_deadline TO %I', app);
        END IF;
    END $$
    """,
)

_COMPANY = rows.tenant_id_of("company.owner", "company.staff")
_OWNER = rows.tenant_id_of("company.owner")
_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_SUPPLIER = rows.tenant_of("supplier")
_OPERATOR = rows.is_one_of("technopark.operator")
_OVERSEES = rows.is_one_of(
    "service", "province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor"
)
# A subquery sees what its caller sees of the agreements.
_OF_ITS_AGREEMENT = "EXISTS (SELECT FROM agreement WHERE agreement.project_id = {table}.project_id)"
_OF_OWN_AGREEMENT = (
    "EXISTS (SELECT FROM agreement WHERE agreement.project_id = {table}.project_id"
    f" AND (company_id = {_OWNER} OR supplier_business_number = {_SUPPLIER}))"
)

# By table: which rows are seen, and which may be written.
_ROWS = {
    "agreement": (
        (
            f"{_OVERSEES} OR company_id = {_COMPANY} OR municipality_code = {_AREA}"
            f" OR supplier_business_number = {_SUPPLIER}"
        ),
        f"{rows.SERVICE} OR {_OPERATOR} OR company_id = {_OWNER} OR supplier_business_number = {_SUPPLIER}",
    ),
    # Nobody signs for another party.
    "agreement_signature": (
        _OF_ITS_AGREEMENT,
        (
            f"{rows.SERVICE} OR {_OPERATOR} AND party = 'OPERATOR'"
            f" OR {_OF_OWN_AGREEMENT} AND party = CASE (SELECT caller_role()) WHEN 'supplier' THEN 'SUPPLIER'"
            " ELSE 'ADOPTER' END"
        ),
    ),
    "legal_deadline": (
        _OF_ITS_AGREEMENT,
        f"{rows.SERVICE} OR {_OPERATOR} OR {_OF_OWN_AGREEMENT}",
    ),
}


def upgrade() -> None:
    for statement in (*_TABLES, *_GUARDS):
        op.execute(statement)
    for table, (sees, writes) in _ROWS.items():
        rows.secure(op, table, sees=sees.replace("{table}", table), writes=writes.replace("{table}", table))


def downgrade() -> None:
    for table in reversed(_ROWS):
        rows.expose(op, table)
    op.execute("DROP TABLE legal_deadline, agreement_signature, agreement")
    op.execute("DROP FUNCTION agreement_guard()")
