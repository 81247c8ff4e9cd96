"""Row-level security as the services' first migrations of it made it: never changed, only followed by others.

`secure` gives a table its policies from two conditions: which rows its callers see, and which they may write. A
condition asks who calls by the functions below, each in a subselect, so that PostgreSQL works it out once per
statement: `company_id = (SELECT caller_tenant_id('company.owner'))`. Who is nobody gets NULL, and NULL sees nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

FUNCTIONS = (
    "caller_role()",
    "caller_subject()",
    "caller_actor()",
    "caller_is(text[])",
    "caller_tenant(text[])",
    "caller_tenant_id(text[])",
)

_CALLED = "current_setting('smartfactory.caller', true)"

_CREATE_FUNCTIONS = (
    # After a transaction that set it the setting is not NULL but empty, so that nobody's role must be made NULL here.
    f"""
    CREATE FUNCTION caller_role() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(split_part({_CALLED}, chr(31), 1), '') $$
    """,
    f"""
    CREATE FUNCTION caller_subject() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(split_part({_CALLED}, chr(31), 3), '') $$
    """,
    f"""
    CREATE FUNCTION caller_actor() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
        SELECT caller_role() || ':' || coalesce(nullif(split_part({_CALLED}, chr(31), 2), ''), '-')
            || ':' || split_part({_CALLED}, chr(31), 3)
    $$
    """,
    """
    CREATE FUNCTION caller_is(VARIADIC roles text[]) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(caller_role() = ANY (roles), false) $$
    """,
    # The caller's tenant if it comes in one of these roles: one tenant's code must not pass for another kind's.
    f"""
    CREATE FUNCTION caller_tenant(VARIADIC roles text[]) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
        SELECT CASE WHEN caller_role() = ANY (roles)
            THEN nullif(split_part({_CALLED}, chr(31), 2), '') END
    $$
    """,
    f"""
    CREATE FUNCTION caller_tenant_id(VARIADIC roles text[]) RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
        SELECT CASE WHEN caller_role() = ANY (roles)
                AND pg_input_is_valid(split_part({_CALLED}, chr(31), 2), 'uuid')
            THEN split_part({_CALLED}, chr(31), 2)::uuid END
    $$
    """,
)

SERVICE = "(SELECT caller_is('service'))"
_SOMEBODY = "(SELECT caller_role()) IS NOT NULL"
_OWN_KEY = f"{SERVICE} OR subject = (SELECT caller_actor())"
_POLICIES = ("sees", "adds", "changes", "removes")


class Operations(Protocol):
    """The part of alembic's `op` that is needed here."""

    def execute(self, sqltext: str) -> None: ...


def is_one_of(*roles: str) -> str:
    """The condition that the caller has one of these roles."""
    return f"(SELECT caller_is({_listed(roles)}))"


def tenant_of(*roles: str) -> str:
    """The caller's tenant as text, if the caller has one of these roles."""
    return f"(SELECT caller_tenant({_listed(roles)}))"


def tenant_id_of(*roles: str) -> str:
    """The caller's tenant as a UUID, if the caller has one of these roles."""
    return f"(SELECT caller_tenant_id({_listed(roles)}))"


def secure(op: Operations, table: str, *, sees: str, writes: str) -> None:
    """Let each caller see some rows and write some; whatever is locked or changed must be seen before."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY sees ON {table} FOR SELECT USING ({sees})")
    op.execute(f"CREATE POLICY adds ON {table} FOR INSERT WITH CHECK ({writes})")
    op.execute(f"CREATE POLICY changes ON {table} FOR UPDATE USING ({sees}) WITH CHECK ({writes})")
    op.execute(f"CREATE POLICY removes ON {table} FOR DELETE USING ({writes})")


def expose(op: Operations, table: str) -> None:
    """Undo `secure`."""
    for policy in _POLICIES:
        op.execute(f"DROP POLICY {policy} ON {table}")
    op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")


def begin(op: Operations, *, parked_event_readers: Iterable[str], parked_event_menders: Iterable[str]) -> None:
    """Make the functions, and secure those of the common tables that hold what belongs to somebody."""
    for statement in _CREATE_FUNCTIONS:
        op.execute(statement)
    for table, (sees, writes) in _common(parked_event_readers, parked_event_menders).items():
        secure(op, table, sees=sees, writes=writes)


def end(op: Operations) -> None:
    """Undo `begin`."""
    for table in _common((), ()):
        expose(op, table)
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")


def _common(readers: Iterable[str], menders: Iterable[str]) -> Mapping[str, tuple[str, str]]:
    return {
        # Recorded in whoever's transaction it happens; read by the relay, and by nobody who calls.
        "outbox": (SERVICE, _SOMEBODY),
        "journal_entry": (SERVICE, _SOMEBODY),
        "idempotency_key": (_OWN_KEY, _OWN_KEY),
        "parked_event": (is_one_of("service", *readers), is_one_of("service", *menders)),
    }


def _listed(roles: Iterable[str]) -> str:
    return ", ".join(f"'{role}'" for role in roles)
