"""What the public gauge stands at, kept by triggers: whoever keeps a counted one asks whether it still holds.

A version is drawn by lot, as for outcomes (0016), once in each transaction that writes a project, a worksite, or where
a project stands in its call: all that it wrote becomes seen together. A savepoint that is taken back takes back that it
was noted, too.
"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE gauge_change (
        writer SMALLINT NOT NULL,
        version UUID NOT NULL,
        CONSTRAINT gauge_change_pkey PRIMARY KEY (writer)
    )
    """,
    """
    CREATE FUNCTION gauge_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        IF current_setting('metrics.gauge_noted_in', true) IS DISTINCT FROM pg_current_xact_id()::text THEN
            INSERT INTO gauge_change (writer, version) VALUES (pg_backend_pid() % 32, gen_random_uuid())
            ON CONFLICT (writer) DO UPDATE SET version = excluded.version;
            PERFORM set_config('metrics.gauge_noted_in', pg_current_xact_id()::text, true);
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER site_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON site
    FOR EACH STATEMENT EXECUTE FUNCTION gauge_changed()
    """,
    """
    CREATE TRIGGER application_worksite_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON application_worksite
    FOR EACH STATEMENT EXECUTE FUNCTION gauge_changed()
    """,
    """
    CREATE TRIGGER project_progress_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON project_progress
    FOR EACH STATEMENT EXECUTE FUNCTION gauge_changed()
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER site_changed ON site")
    op.execute("DROP TRIGGER application_worksite_changed ON application_worksite")
    op.execute("DROP TRIGGER project_progress_changed ON project_progress")
    op.execute("DROP FUNCTION gauge_changed()")
    op.execute("DROP TABLE gauge_change")
