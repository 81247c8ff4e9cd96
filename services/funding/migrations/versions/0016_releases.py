"""Releases: what a source may still release, what was asked for, who approved, what is held, which gates are passed."""

from alembic import op

from common import row_security_v1 as rows

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE release_line (
        project_id UUID NOT NULL,
        source TEXT NOT NULL,
        call_id UUID NOT NULL,
        company_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        budget_line_id UUID NOT NULL,
        mode TEXT NOT NULL,
        terms_version TEXT NOT NULL,
        committed_won BIGINT NOT NULL,
        open_won BIGINT DEFAULT 0 NOT NULL,
        paid_won BIGINT DEFAULT 0 NOT NULL,
        CONSTRAINT release_line_pkey PRIMARY KEY (project_id, source),
        CONSTRAINT release_line_project_id_source_fkey
            FOREIGN KEY (project_id, source) REFERENCES coverage_line (project_id, source),
        CONSTRAINT release_line_budget_line_id_fkey FOREIGN KEY (budget_line_id) REFERENCES budget_line (id),
        CONSTRAINT release_line_mode_check CHECK (mode IN ('TRANCHE', 'DRAW')),
        CONSTRAINT release_line_left_check CHECK (
            open_won >= 0 AND paid_won >= 0 AND open_won + paid_won <= committed_won
        )
    )
    """,
    "CREATE INDEX release_line_budget_line_id_idx ON release_line (budget_line_id)",
    "CREATE INDEX release_line_company_id_idx ON release_line (company_id)",
    """
    CREATE TABLE release_gate (
        project_id UUID NOT NULL,
        gate TEXT NOT NULL,
        event_id UUID NOT NULL,
        opened_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT release_gate_pkey PRIMARY KEY (project_id, gate),
        CONSTRAINT release_gate_project_id_fkey FOREIGN KEY (project_id) REFERENCES coverage (project_id),
        CONSTRAINT release_gate_gate_check CHECK (gate IN ('AGREEMENT_EFFECTIVE', 'INTERIM_PASSED', 'COMPLETED'))
    )
    """,
    """
    CREATE TABLE release_hold (
        id UUID NOT NULL,
        project_id UUID NOT NULL,
        source TEXT NOT NULL,
        reason TEXT NOT NULL,
        placed_by TEXT NOT NULL,
        placed_at TIMESTAMPTZ NOT NULL,
        lift_proposed_by TEXT,
        lift_proposed_at TIMESTAMPTZ,
        lifted_by TEXT,
        lifted_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT release_hold_pkey PRIMARY KEY (id),
        CONSTRAINT release_hold_project_id_source_fkey
            FOREIGN KEY (project_id, source) REFERENCES release_line (project_id, source),
        CONSTRAINT release_hold_reason_check CHECK (
            reason IN ('SUPPLIER_INSOLVENT', 'FRAUD_SUSPECTED', 'INSPECTION_FINDING', 'PAYEE_DOUBTED',
                       'PROJECT_SUSPENDED', 'PROJECT_ENDED')
        ),
        CONSTRAINT release_hold_two_people_check CHECK (
            (lift_proposed_by IS NULL) = (lift_proposed_at IS NULL) AND (lifted_by IS NULL) = (lifted_at IS NULL)
            AND (lifted_by IS NULL OR reason IN ('PROJECT_SUSPENDED', 'PROJECT_ENDED')
                 OR coalesce(lifted_by <> lift_proposed_by, FALSE))
        )
    )
    """,
    "CREATE INDEX release_hold_open_idx ON release_hold (project_id, source) WHERE lifted_at IS NULL",
    """
    CREATE TABLE release (
        id UUID NOT NULL,
        project_id UUID NOT NULL,
        source TEXT NOT NULL,
        call_id UUID NOT NULL,
        company_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        budget_line_id UUID NOT NULL,
        mode TEXT NOT NULL,
        terms_version TEXT NOT NULL,
        gate TEXT NOT NULL,
        amount_won BIGINT NOT NULL,
        payee TEXT NOT NULL,
        payee_account TEXT NOT NULL,
        supplier_business_number TEXT,
        invoice_number TEXT,
        invoice_sha256 TEXT,
        province_approvals_due BIGINT NOT NULL,
        municipality_approvals_due BIGINT NOT NULL,
        state TEXT NOT NULL,
        reservation_id UUID NOT NULL,
        requested_by TEXT NOT NULL,
        requested_at TIMESTAMPTZ NOT NULL,
        approved_at TIMESTAMPTZ,
        ordered_by TEXT,
        ordered_at TIMESTAMPTZ,
        bank_transaction TEXT,
        confirmed_at TIMESTAMPTZ,
        posted_at TIMESTAMPTZ,
        voided_at TIMESTAMPTZ,
        void_reason TEXT,
        resolution_id UUID,
        attempts BIGINT DEFAULT 0 NOT NULL,
        next_attempt_at TIMESTAMPTZ,
        give_up_at TIMESTAMPTZ,
        unclear_since TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT release_pkey PRIMARY KEY (id),
        CONSTRAINT release_project_id_source_fkey
            FOREIGN KEY (project_id, source) REFERENCES release_line (project_id, source),
        CONSTRAINT release_reservation_id_key UNIQUE (reservation_id),
        CONSTRAINT release_reservation_id_fkey FOREIGN KEY (reservation_id) REFERENCES ledger_transfer (id),
        CONSTRAINT release_resolution_id_fkey FOREIGN KEY (resolution_id) REFERENCES ledger_transfer (id),
        CONSTRAINT release_bank_transaction_key UNIQUE (bank_transaction),
        CONSTRAINT release_amount_check CHECK (amount_won > 0),
        CONSTRAINT release_mode_check CHECK (
            CASE mode WHEN 'TRANCHE' THEN payee = 'ADOPTER'
                                          AND num_nonnulls(supplier_business_number, invoice_number, invoice_sha256) = 0
                      WHEN 'DRAW' THEN payee = 'SUPPLIER'
                                       AND num_nulls(supplier_business_number, invoice_number, invoice_sha256) = 0
                      ELSE FALSE END
        ),
        CONSTRAINT release_two_officers_check CHECK (
            province_approvals_due >= 0 AND municipality_approvals_due >= 0
            AND province_approvals_due + municipality_approvals_due >= 2
            AND (source = 'MUNICIPALITY') = (municipality_approvals_due > 0)
        ),
        CONSTRAINT release_own_order_check CHECK (ordered_by <> requested_by),
        CONSTRAINT release_state_check CHECK (
            (ordered_by IS NULL) = (ordered_at IS NULL) AND (bank_transaction IS NULL) = (confirmed_at IS NULL)
            AND (voided_at IS NULL) = (void_reason IS NULL)
            AND CASE state
                WHEN 'RESERVED' THEN num_nonnulls(approved_at, ordered_at, confirmed_at, resolution_id, voided_at) = 0
                WHEN 'APPROVED' THEN approved_at IS NOT NULL
                                     AND num_nonnulls(ordered_at, confirmed_at, resolution_id, voided_at) = 0
                WHEN 'ORDERED' THEN num_nulls(approved_at, ordered_at, next_attempt_at) = 0
                                    AND num_nonnulls(confirmed_at, resolution_id, voided_at) = 0
                WHEN 'CONFIRMED' THEN confirmed_at IS NOT NULL AND num_nonnulls(resolution_id, voided_at) = 0
                WHEN 'POSTED' THEN num_nulls(confirmed_at, posted_at, resolution_id) = 0 AND voided_at IS NULL
                WHEN 'VOIDED' THEN num_nulls(voided_at, resolution_id) = 0 AND confirmed_at IS NULL
                                   AND CASE void_reason WHEN 'BANK_REFUSED' THEN ordered_at IS NOT NULL
                                                        WHEN 'REJECTED' THEN ordered_at IS NULL
                                                        WHEN 'PROJECT_ENDED' THEN ordered_at IS NULL
                                                        ELSE FALSE END
                ELSE FALSE END
        )
    )
    """,
    "CREATE INDEX release_project_id_source_idx ON release (project_id, source)",
    "CREATE INDEX release_company_id_idx ON release (company_id)",
    "CREATE INDEX release_municipality_code_idx ON release (municipality_code)",
    "CREATE INDEX release_due_idx ON release (next_attempt_at) WHERE state IN ('ORDERED', 'CONFIRMED')",
    """
    CREATE UNIQUE INDEX release_one_tranche_idx ON release (project_id, source, gate)
    WHERE mode = 'TRANCHE' AND state <> 'VOIDED'
    """,
    """
    CREATE UNIQUE INDEX release_one_invoice_idx ON release (invoice_number, source)
    WHERE mode = 'DRAW' AND state <> 'VOIDED'
    """,
    """
    CREATE TABLE release_approval (
        release_id UUID NOT NULL,
        approver TEXT NOT NULL,
        body TEXT NOT NULL,
        approved_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT release_approval_pkey PRIMARY KEY (release_id, approver),
        CONSTRAINT release_approval_release_id_fkey FOREIGN KEY (release_id) REFERENCES release (id),
        CONSTRAINT release_approval_body_check CHECK (body IN ('PROVINCE', 'MUNICIPALITY'))
    )
    """,
)

_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_APPROVER_OF = rows.tenant_of("municipality.approver")
_COMPANY = rows.tenant_id_of("company.owner", "company.staff")
_OVERSEES = rows.is_one_of(
    "service", "province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor"
)
_PROVINCE_DECIDES = rows.is_one_of("service", "province.approver", "province.treasurer")
_PROVINCE_HOLDS = rows.is_one_of("service", "province.officer", "province.approver")
_SEES = f"{_OVERSEES} OR municipality_code = {_AREA} OR company_id = {_COMPANY}"
_OF_COVERAGE = "EXISTS (SELECT FROM coverage WHERE coverage.project_id = release_gate.project_id)"
_OF_LINE = (
    "EXISTS (SELECT FROM release_line WHERE release_line.project_id = release_hold.project_id"
    " AND release_line.source = release_hold.source{own})"
)
_OF_RELEASE = "EXISTS (SELECT FROM release WHERE release.id = release_approval.release_id{own})"
_OWN_PLACE = f" AND {{table}}.source = 'MUNICIPALITY' AND {{table}}.municipality_code = {_APPROVER_OF}"

# By table: which rows are seen, and which may be written.
_ROWS = {
    "release_line": (_SEES, rows.SERVICE),
    "release_gate": (f"{_OVERSEES} OR {_OF_COVERAGE}", rows.SERVICE),
    "release_hold": (
        f"{_OVERSEES} OR {_OF_LINE.format(own='')}",
        f"{_PROVINCE_HOLDS} OR {_OF_LINE.format(own=_OWN_PLACE.format(table='release_line'))}",
    ),
    "release": (
        _SEES,
        (
            f"{_PROVINCE_DECIDES} OR source = 'MUNICIPALITY' AND municipality_code = {_APPROVER_OF}"
            f" OR company_id = {_COMPANY}"
        ),
    ),
    "release_approval": (
        f"{_OVERSEES} OR {_OF_RELEASE.format(own='')}",
        (
            f"{rows.SERVICE} OR {rows.is_one_of('province.approver')} AND body = 'PROVINCE'"
            f" OR body = 'MUNICIPALITY' AND {_OF_RELEASE.format(own=_OWN_PLACE.format(table='release'))}"
        ),
    ),
}


def upgrade() -> None:
    for statement in _TABLES:
        op.execute(statement)
    for table, (sees, writes) in _ROWS.items():
        rows.secure(op, table, sees=sees, writes=writes)


def downgrade() -> None:
    for table in reversed(_ROWS):
        rows.expose(op, table)
    op.execute("DROP TABLE release_approval, release, release_hold, release_gate, release_line")
