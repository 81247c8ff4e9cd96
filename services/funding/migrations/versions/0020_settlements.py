"""Settlements, clawbacks and what is owed back; a line asks back at most what it paid."""

from alembic import op

from common import row_security_v1 as rows

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_LINE = (
    "ALTER TABLE release_line ADD COLUMN lapsed_won BIGINT DEFAULT 0 NOT NULL",
    "ALTER TABLE release_line ADD COLUMN returned_won BIGINT DEFAULT 0 NOT NULL",
    "ALTER TABLE release_line DROP CONSTRAINT release_line_left_check",
    """
    ALTER TABLE release_line ADD CONSTRAINT release_line_left_check CHECK (
        open_won >= 0 AND paid_won >= 0 AND lapsed_won >= 0 AND open_won + paid_won + lapsed_won <= committed_won
    )
    """,
    """
    ALTER TABLE release_line ADD CONSTRAINT release_line_returned_check CHECK (
        returned_won >= 0 AND returned_won <= paid_won
    )
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
_BY_PROJECT = "'PROJECT_SUSPENDED', 'PROJECT_ENDED'"

_TABLES = (
    """
    CREATE TABLE release_lapse (
        project_id UUID NOT NULL,
        source TEXT NOT NULL,
        amount_won BIGINT NOT NULL,
        transfer_id UUID NOT NULL,
        lapsed_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT release_lapse_pkey PRIMARY KEY (project_id, source),
        CONSTRAINT release_lapse_project_id_source_fkey
            FOREIGN KEY (project_id, source) REFERENCES release_line (project_id, source),
        CONSTRAINT release_lapse_transfer_id_key UNIQUE (transfer_id),
        CONSTRAINT release_lapse_transfer_id_fkey FOREIGN KEY (transfer_id) REFERENCES ledger_transfer (id),
        CONSTRAINT release_lapse_amount_check CHECK (amount_won > 0)
    )
    """,
    """
    CREATE TABLE repayment (
        id UUID NOT NULL,
        origin TEXT NOT NULL,
        origin_id UUID NOT NULL,
        project_id UUID NOT NULL,
        source TEXT NOT NULL,
        company_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        budget_line_id UUID NOT NULL,
        principal_won BIGINT NOT NULL,
        interest_won BIGINT NOT NULL,
        surcharge_won BIGINT NOT NULL,
        late_won BIGINT NOT NULL,
        rule_version TEXT NOT NULL,
        due_on DATE NOT NULL,
        state TEXT NOT NULL,
        order_id UUID NOT NULL,
        ordered_by TEXT NOT NULL,
        ordered_at TIMESTAMPTZ NOT NULL,
        paid_on DATE,
        bank_reference TEXT,
        evidence_sha256 TEXT,
        paid_by TEXT,
        paid_at TIMESTAMPTZ,
        receipt_reference TEXT,
        ended_by TEXT,
        ended_at TIMESTAMPTZ,
        resolution_id UUID,
        version BIGINT NOT NULL,
        CONSTRAINT repayment_pkey PRIMARY KEY (id),
        CONSTRAINT repayment_origin_id_source_key UNIQUE (origin_id, source),
        CONSTRAINT repayment_project_id_source_fkey
            FOREIGN KEY (project_id, source) REFERENCES release_line (project_id, source),
        CONSTRAINT repayment_order_id_key UNIQUE (order_id),
        CONSTRAINT repayment_order_id_fkey FOREIGN KEY (order_id) REFERENCES ledger_transfer (id),
        CONSTRAINT repayment_resolution_id_fkey FOREIGN KEY (resolution_id) REFERENCES ledger_transfer (id),
        CONSTRAINT repayment_bank_reference_key UNIQUE (bank_reference),
        CONSTRAINT repayment_origin_check CHECK (origin IN ('SETTLEMENT', 'RECOVERY')),
        CONSTRAINT repayment_amount_check CHECK (
            principal_won >= 0 AND interest_won >= 0 AND surcharge_won >= 0 AND late_won >= 0
            AND principal_won + interest_won + surcharge_won > 0 AND (origin = 'RECOVERY' OR surcharge_won = 0)
        ),
        CONSTRAINT repayment_two_people_check CHECK (state <> 'CONFIRMED' OR ended_by <> paid_by),
        CONSTRAINT repayment_state_check CHECK (
            CASE state
                WHEN 'ORDERED' THEN num_nonnulls(paid_on, bank_reference, evidence_sha256, paid_by, paid_at,
                                                 receipt_reference, ended_by, ended_at, resolution_id) = 0
                WHEN 'PAID' THEN num_nulls(paid_on, bank_reference, evidence_sha256, paid_by, paid_at) = 0
                                 AND num_nonnulls(receipt_reference, ended_by, ended_at, resolution_id) = 0
                WHEN 'CONFIRMED' THEN num_nulls(paid_on, bank_reference, evidence_sha256, paid_by, paid_at,
                                                receipt_reference, ended_by, ended_at, resolution_id) = 0
                WHEN 'RELIEVED' THEN num_nulls(ended_by, ended_at, resolution_id) = 0 AND late_won = 0
                                     AND receipt_reference IS NULL
                ELSE FALSE END
        )
    )
    """,
    "CREATE INDEX repayment_project_id_source_idx ON repayment (project_id, source)",
    "CREATE INDEX repayment_company_id_idx ON repayment (company_id)",
    "CREATE INDEX repayment_municipality_code_idx ON repayment (municipality_code)",
    """
    CREATE TABLE settlement (
        id UUID NOT NULL,
        project_id UUID NOT NULL,
        call_id UUID NOT NULL,
        company_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        total_cost_won BIGINT NOT NULL,
        rule_version TEXT NOT NULL,
        opened_at TIMESTAMPTZ NOT NULL,
        due_on DATE NOT NULL,
        state TEXT NOT NULL,
        spent_won BIGINT,
        interest_won BIGINT,
        report_sha256 TEXT,
        submitted_by TEXT,
        submitted_at TIMESTAMPTZ,
        late_months BIGINT,
        late_cut_max_bp BIGINT,
        accountant TEXT,
        query TEXT,
        attested_by TEXT,
        attested_at TIMESTAMPTZ,
        attestation_sha256 TEXT,
        fixed_by TEXT,
        fixed_at TIMESTAMPTZ,
        closed_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT settlement_pkey PRIMARY KEY (id),
        CONSTRAINT settlement_project_id_key UNIQUE (project_id),
        CONSTRAINT settlement_project_id_fkey FOREIGN KEY (project_id) REFERENCES coverage (project_id),
        CONSTRAINT settlement_query_check CHECK (
            query IN ('EVIDENCE_MISSING', 'AMOUNT_DIFFERS', 'COST_NOT_ELIGIBLE', 'INTEREST_NOT_SHOWN')
        ),
        CONSTRAINT settlement_people_check CHECK (
            attested_by <> submitted_by AND (fixed_by IS NULL OR fixed_by NOT IN (submitted_by, attested_by))
        ),
        CONSTRAINT settlement_amount_check CHECK (spent_won >= 0 AND interest_won >= 0),
        CONSTRAINT settlement_state_check CHECK (
            (state = 'DUE') = (submitted_at IS NULL)
            AND num_nulls(spent_won, interest_won, report_sha256, submitted_by, submitted_at, late_months,
                          late_cut_max_bp) IN (0, 7)
            AND (state = 'QUERIED') = (query IS NOT NULL)
            AND CASE WHEN state IN ('DUE', 'SUBMITTED', 'QUERIED')
                     THEN num_nonnulls(attested_by, fixed_by, closed_at) = 0
                     WHEN state = 'ATTESTED' THEN num_nulls(attested_by, attested_at, attestation_sha256) = 0
                                                  AND fixed_by IS NULL
                     WHEN state = 'FIXED' THEN num_nulls(attested_by, fixed_by, fixed_at) = 0 AND closed_at IS NULL
                     WHEN state = 'CLOSED' THEN num_nulls(attested_by, fixed_by, fixed_at, closed_at) = 0
                     ELSE FALSE END
        )
    )
    """,
    "CREATE INDEX settlement_company_id_idx ON settlement (company_id)",
    "CREATE INDEX settlement_municipality_code_idx ON settlement (municipality_code)",
    """
    CREATE TABLE settlement_line (
        settlement_id UUID NOT NULL,
        source TEXT NOT NULL,
        position BIGINT NOT NULL,
        share_won BIGINT NOT NULL,
        paid_won BIGINT NOT NULL,
        fixed_won BIGINT NOT NULL,
        interest_won BIGINT NOT NULL,
        refund_won BIGINT NOT NULL,
        lapsed_won BIGINT NOT NULL,
        CONSTRAINT settlement_line_pkey PRIMARY KEY (settlement_id, source),
        CONSTRAINT settlement_line_settlement_id_fkey FOREIGN KEY (settlement_id) REFERENCES settlement (id),
        CONSTRAINT settlement_line_amount_check CHECK (
            fixed_won >= 0 AND fixed_won <= share_won AND interest_won >= 0 AND lapsed_won >= 0
            AND refund_won = CASE source WHEN 'SME' THEN 0 ELSE greatest(0, paid_won + interest_won - fixed_won) END
        )
    )
    """,
    """
    CREATE TABLE recovery (
        id UUID NOT NULL,
        project_id UUID NOT NULL,
        call_id UUID NOT NULL,
        company_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        ground TEXT NOT NULL,
        cause TEXT,
        fault_party TEXT,
        event_id UUID,
        rule_version TEXT NOT NULL,
        state TEXT NOT NULL,
        opened_by TEXT NOT NULL,
        opened_at TIMESTAMPTZ NOT NULL,
        noticed_by TEXT,
        noticed_at TIMESTAMPTZ,
        opinion_until DATE,
        opinion_sha256 TEXT,
        opinion_at TIMESTAMPTZ,
        recover_bp BIGINT,
        interest_won BIGINT,
        surcharge_bp BIGINT,
        debar_months BIGINT,
        finding_sha256 TEXT,
        proposed_by TEXT,
        proposed_at TIMESTAMPTZ,
        decided_by TEXT,
        decided_at TIMESTAMPTZ,
        objection_until DATE,
        objection_sha256 TEXT,
        objected_at TIMESTAMPTZ,
        heard_by TEXT,
        heard_at TIMESTAMPTZ,
        closed_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT recovery_pkey PRIMARY KEY (id),
        CONSTRAINT recovery_event_id_key UNIQUE (event_id),
        CONSTRAINT recovery_project_id_fkey FOREIGN KEY (project_id) REFERENCES coverage (project_id),
        CONSTRAINT recovery_people_check CHECK (
            decided_by <> proposed_by AND (heard_by IS NULL OR heard_by NOT IN (proposed_by, decided_by))
        ),
        CONSTRAINT recovery_amount_check CHECK (
            recover_bp BETWEEN 0 AND 10000 AND interest_won >= 0 AND surcharge_bp >= 0 AND debar_months >= 0
        ),
        CONSTRAINT recovery_state_check CHECK (
            num_nulls(noticed_by, noticed_at, opinion_until) IN (0, 3)
            AND (state IN ('OPEN')) = (noticed_at IS NULL)
            AND (opinion_sha256 IS NULL) = (opinion_at IS NULL)
            AND num_nulls(recover_bp, interest_won, surcharge_bp, debar_months, finding_sha256, proposed_by,
                          proposed_at) IN (0, 7)
            AND (state IN ('OPEN', 'NOTICED')) = (proposed_at IS NULL)
            AND (state IN ('OPEN', 'NOTICED', 'PROPOSED')) = (decided_at IS NULL)
            AND (decided_at IS NULL) = (decided_by IS NULL) AND (objected_at IS NULL) = (objection_sha256 IS NULL)
            AND (state NOT IN ('OBJECTED', 'UPHELD') OR objected_at IS NOT NULL)
            AND (heard_at IS NULL) = (heard_by IS NULL)
            AND (state IN ('CLOSED', 'DROPPED', 'UPHELD')) = (closed_at IS NOT NULL)
            AND state IN ('OPEN', 'NOTICED', 'PROPOSED', 'DECIDED', 'OBJECTED', 'DISMISSED', 'CLOSED', 'DROPPED',
                          'UPHELD')
        )
    )
    """,
    # One case at a time: a second one would ask for what the first has not decided.
    """
    CREATE UNIQUE INDEX recovery_one_open_idx ON recovery (project_id)
    WHERE state NOT IN ('CLOSED', 'DROPPED', 'UPHELD')
    """,
    "CREATE INDEX recovery_project_id_idx ON recovery (project_id)",
    "CREATE INDEX recovery_company_id_idx ON recovery (company_id)",
    "CREATE INDEX recovery_municipality_code_idx ON recovery (municipality_code)",
)

_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_APPROVER_OF = rows.tenant_of("municipality.approver")
_COMPANY = rows.tenant_id_of("company.owner", "company.staff")
_OWNER = rows.tenant_id_of("company.owner")
_OVERSEES = rows.is_one_of(
    "service", "province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor"
)
_SEES = f"{_OVERSEES} OR municipality_code = {_AREA} OR company_id = {_COMPANY}"
_OWN_PACK = f"{rows.is_one_of('accountant')} AND accountant = (SELECT caller_subject())"
_OF_SETTLEMENT = "EXISTS (SELECT FROM settlement WHERE settlement.id = settlement_line.settlement_id)"

# By table: which rows are seen, and which may be written.
_ROWS = {
    "release_lapse": (
        (
            f"{_OVERSEES} OR EXISTS (SELECT FROM release_line WHERE release_line.project_id = release_lapse.project_id"
            " AND release_line.source = release_lapse.source)"
        ),
        rows.SERVICE,
    ),
    "repayment": (
        _SEES,
        (
            f"{rows.SERVICE} OR company_id = {_OWNER}"
            f" OR {rows.is_one_of('province.treasurer')} AND source <> 'MUNICIPALITY'"
            f" OR source = 'MUNICIPALITY' AND municipality_code = {_APPROVER_OF}"
        ),
    ),
    "settlement": (
        f"{_SEES} OR {_OWN_PACK}",
        (
            f"{rows.is_one_of('service', 'technopark.operator', 'province.approver')} OR company_id = {_OWNER}"
            f" OR {_OWN_PACK}"
        ),
    ),
    "settlement_line": (f"{_OVERSEES} OR {_OF_SETTLEMENT}", rows.SERVICE),
    "recovery": (
        _SEES,
        f"{rows.is_one_of('service', 'province.officer', 'province.approver')} OR company_id = {_OWNER}",
    ),
}


def upgrade() -> None:
    for statement in (*_LINE, *_DROP_HOLD):
        op.execute(statement)
    op.execute(_REASONS.format(by_project=f"{_BY_PROJECT}, 'PROJECT_RECOVERY'"))
    op.execute(_TWO_PEOPLE.format(by_project=f"{_BY_PROJECT}, 'PROJECT_RECOVERY'"))
    for statement in _TABLES:
        op.execute(statement)
    for table, (sees, writes) in _ROWS.items():
        rows.secure(op, table, sees=sees, writes=writes)


def downgrade() -> None:
    for table in reversed(_ROWS):
        rows.expose(op, table)
    op.execute("DROP TABLE recovery, settlement_line, settlement, repayment, release_lapse")
    for statement in _DROP_HOLD:
        op.execute(statement)
    op.execute(_REASONS.format(by_project=_BY_PROJECT))
    op.execute(_TWO_PEOPLE.format(by_project=_BY_PROJECT))
    op.execute("ALTER TABLE release_line DROP CONSTRAINT release_line_returned_check")
    op.execute("ALTER TABLE release_line DROP CONSTRAINT release_line_left_check")
    op.execute("ALTER TABLE release_line DROP COLUMN lapsed_won")
    op.execute("ALTER TABLE release_line DROP COLUMN returned_won")
    op.execute(
        "ALTER TABLE release_line ADD CONSTRAINT release_line_left_check"
        " CHECK (open_won >= 0 AND paid_won >= 0 AND open_won + paid_won <= committed_won)"
    )
