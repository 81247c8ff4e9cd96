"""Who counts as somebody for row-level security: only a caller in a role that there is. Follows row_security_v1."""

from collections.abc import Iterable

from common.row_security_v1 import Operations

_CALLED = "split_part(current_setting('smartfactory.caller', true), chr(31), 1)"


def know_roles(op: Operations, roles: Iterable[str]) -> None:
    """Make any other role nobody, who sees and writes no row, also where everybody who is somebody may.

    The list is the migration's own and stays; a role that is added later comes with a migration that calls this again.
    """
    listed = ", ".join(f"'{role}'" for role in roles)
    _answer(op, f"CASE WHEN {_CALLED} IN ({listed}) THEN {_CALLED} END")


def forget_roles(op: Operations) -> None:
    """Undo the first `know_roles`: whoever names a role is somebody."""
    _answer(op, f"nullif({_CALLED}, '')")


def _answer(op: Operations, expression: str) -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION caller_role() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE"
        f" AS $$ SELECT {expression} $$"
    )
