"""Every version of what says how a project's money stood: commitment, coverage, self-payments, releases, holds."""

from alembic import op

from common import row_versions_v1 as versions

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_READERS = ("auditor", "province.officer", "province.approver", "province.treasurer")

# By table: its key, what may be personal data, and what the worker notes for itself.
_KEPT: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "commitment": (("project_id",), (), ()),
    "commitment_share": (("project_id", "source"), (), ()),
    "coverage": (("project_id",), (), ()),
    "coverage_line": (("project_id", "source"), ("reference",), ()),
    "self_payment": (("id",), ("from_account", "bank_reference"), ()),
    "release_line": (("project_id", "source"), (), ()),
    "release_gate": (("project_id", "gate"), (), ()),
    "release_hold": (("id",), (), ()),
    "release": (("id",), ("payee_account",), ("attempts", "next_attempt_at", "give_up_at")),
    "release_approval": (("release_id", "approver"), (), ()),
}


def upgrade() -> None:
    versions.begin(op, readers=_READERS)
    for table, (key, words, passing) in _KEPT.items():
        versions.keep(op, table, key=key, words=words, passing=passing)


def downgrade() -> None:
    for table in reversed(_KEPT):
        versions.forget(op, table)
    versions.end(op)
