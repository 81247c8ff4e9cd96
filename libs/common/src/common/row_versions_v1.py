"""Every version of a row, kept by PostgreSQL itself: as the services' first migrations of it made it, never changed.

`keep` puts a trigger on a table that writes each version of a row when its transaction commits: what it said, when it
was recorded (real time), and of which moment of programme time the decision was. Nobody can write, change or remove a
version by hand, the service's role included. What may be personal data stands apart (`words`) and can be erased once.
"""

from collections.abc import Collection
from typing import Protocol

from common import row_security_v1 as rows

FUNCTIONS = ("keep_row_version", "note_decided_at", "refuse_row_version")

_TABLE = (
    """
    CREATE TABLE row_version (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        relation text NOT NULL,
        key text NOT NULL,
        content jsonb NOT NULL,
        words jsonb,
        programme_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX row_version_relation_key_id_idx ON row_version (relation, key, id)",
)
_FUNCTIONS = (
    # What a transaction decides, it journals, with its moment of programme time: the versions of its rows take it over.
    """
    CREATE FUNCTION note_decided_at() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        PERFORM set_config('smartfactory.decided_at', greatest(
            NEW.decided_at, nullif(current_setting('smartfactory.decided_at', true), '')::timestamptz
        )::text, true);
        RETURN NULL;
    END $$
    """,
    # What came without a decision takes the moment of the decision before it; before the first of all, it was always.
    # It runs when the transaction commits and holds all its locks, so that instants and locks have the same order. One
    # transaction has one instant. A row's instants never go back, whatever a clock does.
    """
    CREATE FUNCTION keep_row_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    DECLARE
        said jsonb := to_jsonb(NEW);
        named text;
        personal jsonb;
        before row_version;
        instant timestamptz :=
            coalesce(nullif(current_setting('smartfactory.recorded_at', true), '')::timestamptz, clock_timestamp());
        decided timestamptz := nullif(current_setting('smartfactory.decided_at', true), '')::timestamptz;
    BEGIN
        PERFORM set_config('smartfactory.recorded_at', instant::text, true);
        SELECT string_agg(said ->> part, '/' ORDER BY place) INTO named
          FROM unnest(string_to_array(TG_ARGV[0], ',')) WITH ORDINALITY AS of (part, place);
        SELECT jsonb_object_agg(part, said -> part) INTO personal FROM unnest(string_to_array(TG_ARGV[1], ',')) AS part;
        said := said - string_to_array(TG_ARGV[1], ',') - string_to_array(TG_ARGV[2], ',');
        SELECT * INTO before FROM row_version
         WHERE relation = TG_TABLE_NAME::text AND key = named ORDER BY id DESC LIMIT 1;
        IF before.content = said AND before.words IS NOT DISTINCT FROM personal THEN
            RETURN NULL;
        END IF;
        decided := coalesce(decided, before.programme_at,
                            (SELECT decided_at FROM journal_entry ORDER BY id DESC LIMIT 1), '-infinity');
        INSERT INTO row_version (relation, key, content, words, programme_at, recorded_at)
        VALUES (TG_TABLE_NAME, named, said, personal, greatest(decided, before.programme_at),
                greatest(instant, before.recorded_at));
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION refuse_row_version() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND OLD.words IS NOT NULL AND NEW.words IS NULL
           AND to_jsonb(NEW) - 'words' = to_jsonb(OLD) - 'words' THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION '% of a version is refused - what was said stays', TG_OP USING ERRCODE = '42501';
    END $$
    """,
)
_TRIGGERS = (
    """
    CREATE TRIGGER journal_entry_tells_when AFTER INSERT ON journal_entry
        FOR EACH ROW EXECUTE FUNCTION note_decided_at()
    """,
    """
    CREATE TRIGGER row_version_stays BEFORE UPDATE OR DELETE ON row_version
        FOR EACH ROW EXECUTE FUNCTION refuse_row_version()
    """,
    """
    CREATE TRIGGER row_version_is_not_emptied BEFORE TRUNCATE ON row_version
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON row_version FROM %I', app);
        END IF;
    END $$
    """,
)


class Operations(Protocol):
    """The part of alembic's `op` that is needed here."""

    def execute(self, sqltext: str) -> None: ...


def begin(op: Operations, *, readers: Collection[str]) -> None:
    """Make the table of versions; besides the service only these roles look back."""
    for statement in (*_TABLE, *_FUNCTIONS, *_TRIGGERS):
        op.execute(statement)
    rows.secure(op, "row_version", sees=rows.is_one_of("service", *readers), writes=rows.SERVICE)


def end(op: Operations) -> None:
    """Undo `begin`."""
    op.execute("DROP TRIGGER journal_entry_tells_when ON journal_entry")
    op.execute("DROP TABLE row_version")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}()")


def keep(
    op: Operations, table: str, *, key: Collection[str], words: Collection[str] = (), passing: Collection[str] = ()
) -> None:
    """Keep every version of this table's rows from now on, the present one first; its rows are never deleted.

    `words` may be personal data; `passing` is what a worker notes for itself (leases, attempts) and tells nobody.
    """
    arguments = ", ".join(f"'{','.join(columns)}'" for columns in (key, words, passing))
    op.execute(
        f"CREATE CONSTRAINT TRIGGER {table}_is_kept AFTER INSERT OR UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED"
        f" FOR EACH ROW EXECUTE FUNCTION keep_row_version({arguments})"
    )
    named = " || '/' || ".join(f"(said ->> '{part}')" for part in key)
    personal = ", ".join(f"'{part}', said -> '{part}'" for part in words)
    left_out = ", ".join(f"'{part}'" for part in (*words, *passing))
    personal = f"jsonb_build_object({personal})" if words else "NULL"
    op.execute(
        "INSERT INTO row_version (relation, key, content, words, programme_at, recorded_at)"  # noqa: S608  DDL of constants
        f" SELECT '{table}', {named}, said - ARRAY[{left_out}]::text[],"
        f" {personal},"
        " coalesce((SELECT decided_at FROM journal_entry ORDER BY id DESC LIMIT 1), '-infinity'), now()"
        f" FROM (SELECT to_jsonb(there) AS said FROM {table} AS there) AS present"
    )


def forget(op: Operations, table: str) -> None:
    """Undo `keep`."""
    op.execute(f"DROP TRIGGER {table}_is_kept ON {table}")
    op.execute("ALTER TABLE row_version DISABLE TRIGGER row_version_stays")
    op.execute(f"DELETE FROM row_version WHERE relation = '{table}'")  # noqa: S608  DDL of constants
    op.execute("ALTER TABLE row_version ENABLE TRIGGER row_version_stays")
