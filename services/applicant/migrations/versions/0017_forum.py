"""The CEO Forum: members, campaigns, letters of intent, visits, courses; and who coached a firm never judges it."""

from alembic import op

from common import row_security_v1 as rows

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE coaching (
        id UUID NOT NULL,
        subject TEXT NOT NULL,
        company_id UUID NOT NULL,
        source TEXT NOT NULL,
        source_id UUID NOT NULL,
        since TIMESTAMPTZ NOT NULL,
        CONSTRAINT coaching_pkey PRIMARY KEY (id),
        CONSTRAINT coaching_subject_company_id_source_id_key UNIQUE (subject, company_id, source_id),
        CONSTRAINT coaching_source_check CHECK (source IN ('VISIT', 'COURSE'))
    )
    """,
    "CREATE INDEX coaching_company_id_idx ON coaching (company_id)",
    """
    CREATE TABLE forum_member (
        id UUID NOT NULL,
        subject TEXT NOT NULL,
        name TEXT NOT NULL,
        firm_name TEXT NOT NULL,
        admitted_by TEXT NOT NULL,
        admitted_at TIMESTAMPTZ NOT NULL,
        left_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT forum_member_pkey PRIMARY KEY (id)
    )
    """,
    "CREATE UNIQUE INDEX forum_member_subject_idx ON forum_member (subject) WHERE left_at IS NULL",
    """
    CREATE TABLE campaign (
        id UUID NOT NULL,
        title_ko TEXT NOT NULL,
        title_en TEXT NOT NULL,
        body_ko TEXT NOT NULL,
        body_en TEXT NOT NULL,
        municipality_codes TEXT[] NOT NULL,
        opens_at TIMESTAMPTZ NOT NULL,
        closes_at TIMESTAMPTZ NOT NULL,
        drafted_by TEXT NOT NULL,
        drafted_at TIMESTAMPTZ NOT NULL,
        published_by TEXT,
        published_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT campaign_pkey PRIMARY KEY (id),
        CONSTRAINT campaign_window_check CHECK (opens_at < closes_at),
        CONSTRAINT campaign_published_check CHECK ((published_at IS NULL) = (published_by IS NULL)),
        CONSTRAINT campaign_two_people_check CHECK (published_by <> drafted_by)
    )
    """,
    """
    CREATE TABLE letter_of_intent (
        id UUID NOT NULL,
        campaign_id UUID NOT NULL,
        company_id UUID NOT NULL,
        company_name TEXT NOT NULL,
        municipality_code TEXT NOT NULL,
        annual_sales_won BIGINT NOT NULL,
        employees BIGINT NOT NULL,
        wishes TEXT NOT NULL,
        state TEXT NOT NULL,
        received_at TIMESTAMPTZ NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT letter_of_intent_pkey PRIMARY KEY (id),
        CONSTRAINT letter_of_intent_campaign_id_company_id_key UNIQUE (campaign_id, company_id),
        CONSTRAINT letter_of_intent_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaign (id),
        CONSTRAINT letter_of_intent_state_check CHECK (state IN ('RECEIVED', 'VISIT_ASSIGNED', 'CONSULTED')),
        CONSTRAINT letter_of_intent_figures_check CHECK (annual_sales_won >= 0 AND employees >= 0)
    )
    """,
    "CREATE INDEX letter_of_intent_company_id_id_idx ON letter_of_intent (company_id, id)",
    "CREATE INDEX letter_of_intent_municipality_code_id_idx ON letter_of_intent (municipality_code, id)",
    """
    CREATE TABLE forum_visit (
        id UUID NOT NULL,
        letter_id UUID NOT NULL,
        company_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        member_id UUID NOT NULL,
        coach_subject TEXT NOT NULL,
        mentor_subject TEXT,
        planned_on DATE NOT NULL,
        assigned_by TEXT NOT NULL,
        assigned_at TIMESTAMPTZ NOT NULL,
        state TEXT NOT NULL,
        visited_on DATE,
        findings TEXT,
        checklist_version TEXT,
        answers JSONB,
        reported_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT forum_visit_pkey PRIMARY KEY (id),
        CONSTRAINT forum_visit_letter_id_key UNIQUE (letter_id),
        CONSTRAINT forum_visit_letter_id_fkey FOREIGN KEY (letter_id) REFERENCES letter_of_intent (id),
        CONSTRAINT forum_visit_member_id_fkey FOREIGN KEY (member_id) REFERENCES forum_member (id),
        CONSTRAINT forum_visit_state_check CHECK (
            CASE state WHEN 'ASSIGNED' THEN reported_at IS NULL AND visited_on IS NULL AND findings IS NULL
                 WHEN 'REPORTED' THEN reported_at IS NOT NULL AND visited_on IS NOT NULL AND findings IS NOT NULL
                                      AND checklist_version IS NOT NULL AND answers IS NOT NULL
                 ELSE false END
        )
    )
    """,
    "CREATE INDEX forum_visit_company_id_id_idx ON forum_visit (company_id, id)",
    "CREATE INDEX forum_visit_municipality_code_id_idx ON forum_visit (municipality_code, id)",
    "CREATE INDEX forum_visit_member_id_idx ON forum_visit (member_id)",
    """
    CREATE TABLE course (
        id UUID NOT NULL,
        title_ko TEXT NOT NULL,
        title_en TEXT NOT NULL,
        place TEXT NOT NULL,
        starts_at TIMESTAMPTZ NOT NULL,
        ends_at TIMESTAMPTZ NOT NULL,
        seats BIGINT NOT NULL,
        taken BIGINT NOT NULL,
        teacher_id UUID NOT NULL,
        teacher_subject TEXT NOT NULL,
        scheduled_by TEXT NOT NULL,
        scheduled_at TIMESTAMPTZ NOT NULL,
        held_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT course_pkey PRIMARY KEY (id),
        CONSTRAINT course_teacher_id_fkey FOREIGN KEY (teacher_id) REFERENCES forum_member (id),
        CONSTRAINT course_seats_check CHECK (seats > 0 AND taken BETWEEN 0 AND seats),
        CONSTRAINT course_times_check CHECK (starts_at < ends_at)
    )
    """,
    "CREATE INDEX course_starts_at_id_idx ON course (starts_at, id)",
    "CREATE INDEX course_teacher_id_idx ON course (teacher_id)",
    """
    CREATE TABLE course_enrolment (
        course_id UUID NOT NULL,
        company_id UUID NOT NULL,
        enrolled_at TIMESTAMPTZ NOT NULL,
        attended BOOLEAN,
        CONSTRAINT course_enrolment_pkey PRIMARY KEY (course_id, company_id),
        CONSTRAINT course_enrolment_course_id_fkey FOREIGN KEY (course_id) REFERENCES course (id)
    )
    """,
    "CREATE INDEX course_enrolment_company_id_idx ON course_enrolment (company_id)",
)

# Coaching and evaluating exclude each other whichever comes first: as the owner, who sees all seats whoever acts. A
# lock orders what would otherwise not see each other: a new coaching or a new seat waits for everybody, and cases that
# are given out wait for those two and not for one another. A round that is closed stays as it was decided.
_BARS = (
    """
    CREATE FUNCTION coaching_bars_seats() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('coaching', 0));
        INSERT INTO conflict_of_interest (id, application_id, member_id, kind, statement, declared_at)
        SELECT uuidv7(), held.application_id, held.member_id, 'COACHED_THE_FIRM', 'coaching/' || NEW.id, NEW.since
          FROM (SELECT c.application_id, m.id AS member_id
                  FROM application a
                  JOIN panel_case c ON c.application_id = a.id
                  JOIN panel_member m ON m.panel_id = c.panel_id
                  JOIN evaluation_round r ON r.call_id = c.call_id
                 WHERE a.company_id = NEW.company_id AND m.subject = NEW.subject AND r.closed_at IS NULL
                   FOR SHARE OF r) AS held
        ON CONFLICT DO NOTHING;
        RETURN NULL;
    END $$
    """,
    "CREATE TRIGGER coaching_bars_seats AFTER INSERT ON coaching FOR EACH ROW EXECUTE FUNCTION coaching_bars_seats()",
    """
    CREATE FUNCTION cases_heed_coaching() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared(hashtextextended('coaching', 0));
        INSERT INTO conflict_of_interest (id, application_id, member_id, kind, statement, declared_at)
        SELECT uuidv7(), found.application_id, found.member_id, 'COACHED_THE_FIRM', 'coaching/' || found.coaching_id,
               found.assigned_at
          FROM (SELECT DISTINCT ON (c.application_id, m.id) c.application_id, m.id AS member_id, k.id AS coaching_id,
                       c.assigned_at
                  FROM added c
                  JOIN application a ON a.id = c.application_id
                  JOIN coaching k ON k.company_id = a.company_id
                  JOIN panel_member m ON m.panel_id = c.panel_id AND m.subject = k.subject
                 ORDER BY c.application_id, m.id, k.since, k.id) AS found
        ON CONFLICT DO NOTHING;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER cases_heed_coaching AFTER INSERT ON panel_case
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION cases_heed_coaching()
    """,
    """
    CREATE FUNCTION seats_heed_coaching() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('coaching', 0));
        INSERT INTO conflict_of_interest (id, application_id, member_id, kind, statement, declared_at)
        SELECT uuidv7(), found.application_id, found.member_id, 'COACHED_THE_FIRM', 'coaching/' || found.coaching_id,
               found.since
          FROM (SELECT DISTINCT ON (c.application_id, m.id) c.application_id, m.id AS member_id, k.id AS coaching_id,
                       k.since
                  FROM added m
                  JOIN panel_case c ON c.panel_id = m.panel_id
                  JOIN application a ON a.id = c.application_id
                  JOIN coaching k ON k.company_id = a.company_id AND k.subject = m.subject
                 ORDER BY c.application_id, m.id, k.since, k.id) AS found
        ON CONFLICT DO NOTHING;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER seats_heed_coaching AFTER INSERT ON panel_member
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION seats_heed_coaching()
    """,
)

_KEPT = ("coaching", "forum_member", "campaign", "letter_of_intent", "forum_visit", "course", "course_enrolment")
_GUARDS = (
    """
    CREATE TRIGGER coaching_stays BEFORE UPDATE ON coaching FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER campaign_stays BEFORE UPDATE ON campaign
    FOR EACH ROW WHEN (OLD.published_at IS NOT NULL) EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER forum_visit_stays BEFORE UPDATE ON forum_visit
    FOR EACH ROW WHEN (OLD.reported_at IS NOT NULL) EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER course_stays BEFORE UPDATE ON course
    FOR EACH ROW WHEN (OLD.held_at IS NOT NULL) EXECUTE FUNCTION refuse_change()
    """,
    *(
        f"CREATE TRIGGER {table}_keeps BEFORE DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in _KEPT
    ),
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON coaching, forum_member, campaign, letter_of_intent,
                            forum_visit, course, course_enrolment FROM %I', app);
            EXECUTE format('GRANT UPDATE (left_at, version) ON forum_member TO %I', app);
            EXECUTE format('GRANT UPDATE (published_by, published_at, version) ON campaign TO %I', app);
            EXECUTE format('GRANT UPDATE (state, version) ON letter_of_intent TO %I', app);
            EXECUTE format('GRANT UPDATE (state, visited_on, findings, checklist_version, answers, reported_at, version)
                            ON forum_visit TO %I', app);
            EXECUTE format('GRANT UPDATE (taken, held_at, version) ON course TO %I', app);
            EXECUTE format('GRANT UPDATE (attended) ON course_enrolment TO %I', app);
        END IF;
    END $$
    """,
)

_COMPANY = rows.tenant_id_of("company.owner", "company.staff")
_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_FORUM = rows.is_one_of("service", "forum.member")
_OPERATOR = rows.is_one_of("service", "technopark.operator")
_OVERSEES = rows.is_one_of(
    "service", "province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor"
)
_FORUM_OR_OVER = f"{_OVERSEES} OR {rows.is_one_of('forum.member')}"
_CONCERNED = f"{_FORUM_OR_OVER} OR company_id = {_COMPANY} OR municipality_code = {_AREA}"

# By table: which rows are seen, and which may be written.
_ROWS = {
    # A tie is noted by the service: what becomes of a seat in a panel by it is not the Forum's to know.
    "coaching": (_OVERSEES, rows.SERVICE),
    "forum_member": (_FORUM_OR_OVER, _OPERATOR),
    "campaign": (f"{_FORUM_OR_OVER} OR published_at IS NOT NULL AND (SELECT caller_role()) IS NOT NULL", _FORUM),
    "letter_of_intent": (_CONCERNED, f"{_FORUM} OR company_id = {_COMPANY}"),
    "forum_visit": (_CONCERNED, _FORUM),
    "course": ("(SELECT caller_role()) IS NOT NULL", _FORUM),
    "course_enrolment": (f"{_FORUM_OR_OVER} OR company_id = {_COMPANY}", f"{_FORUM} OR company_id = {_COMPANY}"),
}


def upgrade() -> None:
    for statement in (*_TABLES, *_BARS, *_GUARDS):
        op.execute(statement)
    for table, (sees, writes) in _ROWS.items():
        rows.secure(op, table, sees=sees, writes=writes)


def downgrade() -> None:
    for table in reversed(_ROWS):
        rows.expose(op, table)
    op.execute("DROP TRIGGER seats_heed_coaching ON panel_member")
    op.execute("DROP TRIGGER cases_heed_coaching ON panel_case")
    op.execute("DROP TABLE course_enrolment, course, forum_visit, letter_of_intent, campaign, forum_member, coaching")
    for function in ("coaching_bars_seats", "cases_heed_coaching", "seats_heed_coaching"):
        op.execute(f"DROP FUNCTION {function}()")
