"""Commitments: one decision per project, with the shares it rests on."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE commitment (
        project_id UUID NOT NULL,
        id UUID NOT NULL,
        application_id UUID NOT NULL,
        call_id UUID NOT NULL,
        company_id UUID NOT NULL,
        type_code TEXT NOT NULL,
        municipality_code TEXT NOT NULL,
        fiscal_year BIGINT NOT NULL,
        track TEXT NOT NULL,
        total_cost_won BIGINT NOT NULL,
        cap_won BIGINT NOT NULL,
        split_rule_version TEXT NOT NULL,
        nominal_burden_bp BIGINT NOT NULL,
        effective_burden_bp BIGINT NOT NULL,
        state TEXT NOT NULL,
        decided_at TIMESTAMPTZ NOT NULL,
        short_source TEXT,
        needed_won BIGINT,
        left_won BIGINT,
        transfer_id UUID,
        reversal_id UUID,
        released_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT commitment_pkey PRIMARY KEY (project_id),
        CONSTRAINT commitment_id_key UNIQUE (id),
        CONSTRAINT commitment_split_rule_version_fkey
            FOREIGN KEY (split_rule_version) REFERENCES split_rule (version),
        CONSTRAINT commitment_transfer_id_fkey FOREIGN KEY (transfer_id) REFERENCES ledger_transfer (id),
        CONSTRAINT commitment_reversal_id_fkey FOREIGN KEY (reversal_id) REFERENCES ledger_transfer (id),
        CONSTRAINT commitment_state_check CHECK (
            CASE state
                WHEN 'COMMITTED' THEN transfer_id IS NOT NULL AND reversal_id IS NULL AND short_source IS NULL
                WHEN 'RELEASED' THEN transfer_id IS NOT NULL AND reversal_id IS NOT NULL AND released_at IS NOT NULL
                WHEN 'REFUSED' THEN transfer_id IS NULL AND reversal_id IS NULL
                                    AND short_source IS NOT NULL AND needed_won > left_won
                ELSE FALSE END
        )
    )
    """,
    "CREATE INDEX commitment_call_id_idx ON commitment (call_id)",
    "CREATE INDEX commitment_company_id_idx ON commitment (company_id)",
    "CREATE INDEX commitment_municipality_code_idx ON commitment (municipality_code)",
    """
    CREATE TABLE commitment_share (
        project_id UUID NOT NULL,
        position BIGINT NOT NULL,
        source TEXT NOT NULL,
        municipality_code TEXT,
        budget_line_id UUID,
        amount_won BIGINT NOT NULL,
        CONSTRAINT commitment_share_pkey PRIMARY KEY (project_id, source),
        CONSTRAINT commitment_share_project_id_fkey FOREIGN KEY (project_id) REFERENCES commitment (project_id),
        CONSTRAINT commitment_share_budget_line_id_fkey FOREIGN KEY (budget_line_id) REFERENCES budget_line (id),
        CONSTRAINT commitment_share_amount_check CHECK (amount_won >= 0)
    )
    """,
    "CREATE INDEX commitment_share_budget_line_id_idx ON commitment_share (budget_line_id)",
    # A decision stays; only a release follows it.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON commitment, commitment_share FROM %I', app);
            EXECUTE format('GRANT UPDATE (state, reversal_id, released_at, version) ON commitment TO %I', app);
        END IF;
    END $$
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE commitment_share, commitment")
