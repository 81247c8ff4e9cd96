"""What aggregates of outcomes stand at, kept by triggers: whoever keeps a worked-out one asks whether it still holds.

A change counts from a moment on: a completion from its day, a report from when it was made, its decision from when that
was, a silence from when it was found. What is published as of an earlier day does not see it, so changes are told apart
by that moment's month in Korea. A version is drawn by lot: also a database that went back to a backup and came to as
many changes by another way is known as another one.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE outcome_change (
        month DATE NOT NULL,
        writer SMALLINT NOT NULL,
        version UUID NOT NULL,
        CONSTRAINT outcome_change_pkey PRIMARY KEY (month, writer)
    )
    """,
    """
    CREATE FUNCTION outcome_month(moment TIMESTAMPTZ) RETURNS DATE LANGUAGE sql IMMUTABLE AS
    $$ SELECT date_trunc('month', moment AT TIME ZONE 'Asia/Seoul')::date $$
    """,
    # A row of one's own for each of the sessions that write at the same time, so that hardly one waits for another's
    # commit; and never a report for a rebuild, which writes projects.
    """
    CREATE FUNCTION note_outcome_changes(months DATE[], kind INT) RETURNS void LANGUAGE sql
    SET search_path = public, pg_temp AS $$
        INSERT INTO outcome_change (month, writer, version)
        SELECT month, 32 * kind + pg_backend_pid() % 32, gen_random_uuid() FROM unnest(months) AS month ORDER BY month
        ON CONFLICT (month, writer) DO UPDATE SET version = excluded.version
    $$
    """,
    """
    CREATE FUNCTION outcome_project_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    DECLARE months DATE[];
    BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            months := ARRAY['-infinity'::date];
        ELSIF TG_OP = 'UPDATE' THEN
            months := ARRAY(SELECT DISTINCT outcome_month(completed_at)
                            FROM (SELECT completed_at FROM was UNION ALL SELECT completed_at FROM became) AS told
                            WHERE completed_at IS NOT NULL);
        ELSE
            months := ARRAY(SELECT DISTINCT outcome_month(completed_at) FROM changed WHERE completed_at IS NOT NULL);
        END IF;
        IF months <> '{}' THEN
            PERFORM note_outcome_changes(months, 0);
        END IF;
        RETURN NULL;
    END $$
    """,
    # Of a report only the decision is ever written later, and nothing of it or of a silence is removed.
    """
    CREATE FUNCTION outcome_report_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            PERFORM note_outcome_changes(ARRAY(
                SELECT DISTINCT outcome_month(decided_at) FROM became WHERE decided_at IS NOT NULL), 1);
        ELSE
            PERFORM note_outcome_changes(ARRAY(SELECT DISTINCT outcome_month(reported_at) FROM changed), 1);
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION outcome_silence_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        PERFORM note_outcome_changes(ARRAY(SELECT DISTINCT outcome_month(recorded_at) FROM changed), 2);
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER outcome_project_added AFTER INSERT ON outcome_project
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION outcome_project_changed()
    """,
    """
    CREATE TRIGGER outcome_project_changed AFTER UPDATE ON outcome_project
    REFERENCING OLD TABLE AS was NEW TABLE AS became FOR EACH STATEMENT EXECUTE FUNCTION outcome_project_changed()
    """,
    """
    CREATE TRIGGER outcome_project_removed AFTER DELETE ON outcome_project
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION outcome_project_changed()
    """,
    """
    CREATE TRIGGER outcome_project_emptied AFTER TRUNCATE ON outcome_project
    FOR EACH STATEMENT EXECUTE FUNCTION outcome_project_changed()
    """,
    """
    CREATE TRIGGER outcome_report_added AFTER INSERT ON outcome_report
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION outcome_report_changed()
    """,
    """
    CREATE TRIGGER outcome_report_changed AFTER UPDATE ON outcome_report
    REFERENCING NEW TABLE AS became FOR EACH STATEMENT EXECUTE FUNCTION outcome_report_changed()
    """,
    """
    CREATE TRIGGER outcome_silence_added AFTER INSERT ON outcome_silence
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION outcome_silence_changed()
    """,
)
_TRIGGERS = {
    "outcome_project": ("added", "changed", "removed", "emptied"),
    "outcome_report": ("added", "changed"),
    "outcome_silence": ("added",),
}


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for table, names in _TRIGGERS.items():
        for name in names:
            op.execute(f"DROP TRIGGER {table}_{name} ON {table}")
        op.execute(f"DROP FUNCTION {table}_changed()")
    op.execute("DROP FUNCTION note_outcome_changes(DATE[], INT)")
    op.execute("DROP FUNCTION outcome_month(TIMESTAMPTZ)")
    op.execute("DROP TABLE outcome_change")
