"""Panels and locked scores, rankings and decisions, places that cannot be taken twice, projects, told balances."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_EVALUATIONS = (
    """
    CREATE TABLE evaluation_round (
        call_id UUID NOT NULL,
        closed_at TIMESTAMPTZ,
        CONSTRAINT evaluation_round_pkey PRIMARY KEY (call_id),
        CONSTRAINT evaluation_round_call_id_fkey FOREIGN KEY (call_id) REFERENCES call (id)
    )
    """,
    """
    CREATE TABLE panel (
        id UUID NOT NULL,
        call_id UUID NOT NULL,
        name TEXT NOT NULL,
        type_code TEXT,
        created_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT panel_pkey PRIMARY KEY (id),
        CONSTRAINT panel_call_id_fkey FOREIGN KEY (call_id) REFERENCES evaluation_round (call_id)
    )
    """,
    "CREATE INDEX panel_call_id_idx ON panel (call_id)",
    """
    CREATE TABLE panel_member (
        id UUID NOT NULL,
        panel_id UUID NOT NULL,
        subject TEXT NOT NULL,
        name TEXT NOT NULL,
        affiliation TEXT NOT NULL,
        CONSTRAINT panel_member_pkey PRIMARY KEY (id),
        CONSTRAINT panel_member_panel_id_fkey FOREIGN KEY (panel_id) REFERENCES panel (id),
        CONSTRAINT panel_member_panel_id_subject_key UNIQUE (panel_id, subject)
    )
    """,
    "CREATE INDEX panel_member_subject_idx ON panel_member (subject)",
    """
    CREATE TABLE panel_case (
        application_id UUID NOT NULL,
        call_id UUID NOT NULL,
        panel_id UUID NOT NULL,
        assigned_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT panel_case_pkey PRIMARY KEY (application_id),
        CONSTRAINT panel_case_application_id_fkey FOREIGN KEY (application_id) REFERENCES application (id),
        CONSTRAINT panel_case_call_id_fkey FOREIGN KEY (call_id) REFERENCES evaluation_round (call_id),
        CONSTRAINT panel_case_panel_id_fkey FOREIGN KEY (panel_id) REFERENCES panel (id)
    )
    """,
    "CREATE INDEX panel_case_call_id_idx ON panel_case (call_id)",
    "CREATE INDEX panel_case_panel_id_idx ON panel_case (panel_id)",
    """
    CREATE TABLE conflict_of_interest (
        id UUID NOT NULL,
        application_id UUID NOT NULL,
        member_id UUID NOT NULL,
        kind TEXT NOT NULL,
        statement TEXT NOT NULL,
        declared_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT conflict_of_interest_pkey PRIMARY KEY (id),
        CONSTRAINT conflict_of_interest_application_id_fkey
            FOREIGN KEY (application_id) REFERENCES panel_case (application_id),
        CONSTRAINT conflict_of_interest_member_id_fkey FOREIGN KEY (member_id) REFERENCES panel_member (id),
        CONSTRAINT conflict_of_interest_application_id_member_id_key UNIQUE (application_id, member_id),
        CONSTRAINT conflict_of_interest_kind_check CHECK (
            kind IN ('OWN_INTEREST', 'KIN_INTEREST', 'INSTITUTION_CONTRACT', 'COACHED_THE_FIRM', 'PARTY_CHALLENGE',
                'SELF_WITHDRAWAL')
        )
    )
    """,
    """
    CREATE TABLE score_sheet (
        id UUID NOT NULL,
        application_id UUID NOT NULL,
        member_id UUID NOT NULL,
        version BIGINT NOT NULL,
        technical_score BIGINT NOT NULL,
        site_score BIGINT NOT NULL,
        bonus BIGINT NOT NULL,
        reason TEXT,
        locked_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT score_sheet_pkey PRIMARY KEY (id),
        CONSTRAINT score_sheet_application_id_fkey FOREIGN KEY (application_id) REFERENCES panel_case (application_id),
        CONSTRAINT score_sheet_member_id_fkey FOREIGN KEY (member_id) REFERENCES panel_member (id),
        CONSTRAINT score_sheet_application_id_member_id_version_key UNIQUE (application_id, member_id, version),
        CONSTRAINT score_sheet_range_check CHECK (
            technical_score >= 0 AND site_score >= 0 AND technical_score + site_score <= 10000 AND bonus >= 0
        ),
        CONSTRAINT score_sheet_reason_check CHECK (version = 1 OR reason IS NOT NULL)
    )
    """,
)

_PROJECTS = (
    """
    CREATE TABLE project (
        id UUID NOT NULL,
        application_id UUID NOT NULL,
        company_id UUID NOT NULL,
        call_id UUID NOT NULL,
        type_code TEXT NOT NULL,
        municipality_code TEXT NOT NULL,
        fiscal_year BIGINT NOT NULL,
        track TEXT NOT NULL,
        total_cost_won BIGINT NOT NULL,
        cap_won BIGINT NOT NULL,
        split_rule_version TEXT NOT NULL,
        need_won JSONB NOT NULL,
        promoted BOOLEAN NOT NULL,
        state TEXT NOT NULL,
        holds_place BOOLEAN NOT NULL,
        state_reason TEXT,
        selected_at TIMESTAMPTZ NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT project_pkey PRIMARY KEY (id),
        CONSTRAINT project_application_id_key UNIQUE (application_id),
        CONSTRAINT project_application_id_fkey FOREIGN KEY (application_id) REFERENCES application (id),
        CONSTRAINT project_state_check CHECK (state IN ('SELECTED', 'CONFIRMED', 'NOT_FUNDED', 'WITHDRAWN')),
        CONSTRAINT project_place_check CHECK (holds_place OR state IN ('NOT_FUNDED', 'WITHDRAWN')),
        CONSTRAINT project_won_check CHECK (total_cost_won > 0 AND cap_won >= 0)
    )
    """,
    "CREATE INDEX project_company_id_idx ON project (company_id)",
    "CREATE INDEX project_municipality_code_id_idx ON project (municipality_code, id)",
    "CREATE INDEX project_call_id_id_idx ON project (call_id, id)",
    "CREATE INDEX project_pending_idx ON project (fiscal_year, track) WHERE state = 'SELECTED'",
)

_SELECTIONS = (
    """
    CREATE TABLE ranking (
        id UUID NOT NULL,
        call_id UUID NOT NULL,
        number BIGINT NOT NULL,
        state TEXT NOT NULL,
        proposed_by TEXT NOT NULL,
        proposed_at TIMESTAMPTZ NOT NULL,
        left_won JSONB NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT ranking_pkey PRIMARY KEY (id),
        CONSTRAINT ranking_call_id_fkey FOREIGN KEY (call_id) REFERENCES call (id),
        CONSTRAINT ranking_call_id_number_key UNIQUE (call_id, number),
        CONSTRAINT ranking_state_check CHECK (state IN ('PROPOSED', 'SUPERSEDED', 'DECIDED'))
    )
    """,
    "CREATE UNIQUE INDEX ranking_decided_idx ON ranking (call_id) WHERE state = 'DECIDED'",
    """
    CREATE TABLE ranked_case (
        ranking_id UUID NOT NULL,
        application_id UUID NOT NULL,
        company_id UUID NOT NULL,
        type_code TEXT NOT NULL,
        municipality_code TEXT NOT NULL,
        total_cost_won BIGINT NOT NULL,
        need_won JSONB NOT NULL,
        score BIGINT NOT NULL,
        bonus BIGINT NOT NULL,
        site_score BIGINT NOT NULL,
        sheet_scores BIGINT[] NOT NULL,
        dropped_scores BIGINT[] NOT NULL,
        first_timer BOOLEAN NOT NULL,
        submitted_at TIMESTAMPTZ NOT NULL,
        position BIGINT NOT NULL,
        place BIGINT NOT NULL,
        outcome TEXT NOT NULL,
        reserve_order BIGINT,
        reason_code TEXT NOT NULL,
        reason_ko TEXT NOT NULL,
        reason_en TEXT NOT NULL,
        CONSTRAINT ranked_case_pkey PRIMARY KEY (ranking_id, application_id),
        CONSTRAINT ranked_case_ranking_id_fkey FOREIGN KEY (ranking_id) REFERENCES ranking (id),
        CONSTRAINT ranked_case_application_id_fkey FOREIGN KEY (application_id) REFERENCES application (id),
        CONSTRAINT ranked_case_outcome_check CHECK (outcome IN ('SELECTED', 'RESERVE', 'NOT_SELECTED')),
        CONSTRAINT ranked_case_reserve_order_check CHECK ((outcome = 'RESERVE') = (reserve_order IS NOT NULL))
    )
    """,
    """
    CREATE TABLE selection (
        call_id UUID NOT NULL,
        ranking_id UUID,
        decided_by TEXT,
        decided_at TIMESTAMPTZ,
        CONSTRAINT selection_pkey PRIMARY KEY (call_id),
        CONSTRAINT selection_call_id_fkey FOREIGN KEY (call_id) REFERENCES call (id),
        CONSTRAINT selection_ranking_id_fkey FOREIGN KEY (ranking_id) REFERENCES ranking (id),
        CONSTRAINT selection_decided_check CHECK (
            (ranking_id IS NULL) = (decided_at IS NULL) AND (ranking_id IS NULL) = (decided_by IS NULL)
        )
    )
    """,
    """
    CREATE TABLE place (
        call_id UUID NOT NULL,
        type_code TEXT NOT NULL,
        municipality_code TEXT NOT NULL,
        seats BIGINT NOT NULL,
        taken BIGINT NOT NULL,
        vacated BIGINT NOT NULL,
        CONSTRAINT place_pkey PRIMARY KEY (call_id, type_code, municipality_code),
        CONSTRAINT place_call_id_fkey FOREIGN KEY (call_id) REFERENCES selection (call_id),
        CONSTRAINT place_taken_check CHECK (taken >= 0 AND taken <= seats),
        CONSTRAINT place_vacated_check CHECK (vacated >= 0 AND taken + vacated <= seats)
    )
    """,
    """
    CREATE TABLE case_outcome (
        application_id UUID NOT NULL,
        call_id UUID NOT NULL,
        ranking_id UUID NOT NULL,
        type_code TEXT NOT NULL,
        municipality_code TEXT NOT NULL,
        outcome TEXT NOT NULL,
        reserve_order BIGINT,
        project_id UUID,
        promoted_at TIMESTAMPTZ,
        passed_over JSONB,
        CONSTRAINT case_outcome_pkey PRIMARY KEY (application_id),
        CONSTRAINT case_outcome_application_id_fkey FOREIGN KEY (application_id) REFERENCES application (id),
        CONSTRAINT case_outcome_call_id_fkey FOREIGN KEY (call_id) REFERENCES selection (call_id),
        CONSTRAINT case_outcome_ranking_id_fkey FOREIGN KEY (ranking_id) REFERENCES ranking (id),
        CONSTRAINT case_outcome_project_id_fkey FOREIGN KEY (project_id) REFERENCES project (id),
        CONSTRAINT case_outcome_outcome_check CHECK (outcome IN ('SELECTED', 'RESERVE', 'NOT_SELECTED')),
        CONSTRAINT case_outcome_project_check CHECK ((outcome = 'SELECTED') = (project_id IS NOT NULL))
    )
    """,
    "CREATE INDEX case_outcome_line_idx ON case_outcome (call_id, type_code, municipality_code)",
    """
    CREATE TABLE known_balance (
        budget_line_id UUID NOT NULL,
        source TEXT NOT NULL,
        municipality_code TEXT,
        fiscal_year BIGINT NOT NULL,
        track TEXT NOT NULL,
        left_won BIGINT NOT NULL,
        line_version BIGINT NOT NULL,
        CONSTRAINT known_balance_pkey PRIMARY KEY (budget_line_id)
    )
    """,
    "CREATE INDEX known_balance_budget_idx ON known_balance (fiscal_year, track)",
)

_ONLY_ADDED_TO = ("conflict_of_interest", "score_sheet", "ranked_case")

_TABLES = (
    "known_balance",
    "case_outcome",
    "place",
    "selection",
    "ranked_case",
    "ranking",
    "project",
    "score_sheet",
    "conflict_of_interest",
    "panel_case",
    "panel_member",
    "panel",
    "evaluation_round",
)


def upgrade() -> None:
    for statement in (*_EVALUATIONS, *_PROJECTS, *_SELECTIONS):
        op.execute(statement)
    for table in _ONLY_ADDED_TO:
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_is_not_emptied BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    for table in _TABLES:
        op.execute(f"DROP TABLE {table}")
