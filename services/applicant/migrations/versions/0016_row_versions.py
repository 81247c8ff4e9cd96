"""Every version of what says how a case stood: application, project, agreement, deadlines, build, inspections."""

from alembic import op

from common import row_versions_v1 as versions

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_READERS = ("auditor", "province.officer", "province.approver", "province.treasurer")
_WORKED = ("work_at", "alerted_days", "escalations", "attempts", "retry_at")

# By table: its key, what may be personal data, and what a worker or a trigger notes for itself.
_KEPT: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "application": (("id",), ("plan", "supplement", "withdrawal_reason"), ("changed_at",)),
    "project": (("id",), ("state_reason",), ()),
    "agreement": (("project_id",), (), ()),
    "agreement_signature": (("project_id", "party"), (), ()),
    "legal_deadline": (("id",), (), _WORKED),
    "build": (("project_id",), (), ()),
    "build_change": (("id",), (), ()),
    "interim_inspection": (("id",), (), ()),
    "completion": (("id",), ("mentor_subject",), ()),
    "document": (("id",), (), ()),
}


def upgrade() -> None:
    versions.begin(op, readers=_READERS)
    for table, (key, words, passing) in _KEPT.items():
        versions.keep(op, table, key=key, words=words, passing=passing)


def downgrade() -> None:
    for table in reversed(_KEPT):
        versions.forget(op, table)
    versions.end(op)
