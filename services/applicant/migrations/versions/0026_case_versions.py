"""Every version of what a case was screened, judged, ranked, objected to, amended and supported by."""

from alembic import op

from common import row_versions_v1 as versions

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_ASKING = ("attempts", "next_attempt_at", "leased_until", "problem")

# By table: its key, what may be personal data, and what a worker notes for itself.
_KEPT: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "screening": (("application_id", "round"), ("findings",), ()),
    "register_check": (("id",), ("business_number", "corporate_number", "answer"), _ASKING),
    "panel": (("id",), ("name",), ()),
    "panel_member": (("id",), ("subject", "name", "affiliation"), ()),
    "panel_case": (("application_id",), (), ()),
    "conflict_of_interest": (("id",), ("statement",), ()),
    "score_sheet": (("id",), ("reason",), ()),
    "ranking": (("id",), (), ()),
    "objection": (("id",), ("statement", "findings", "reason"), ()),
    "agreement_amendment": (("id",), ("reason", "decision_reason"), ()),
    "amendment_consent": (("amendment_id", "party"), (), ()),
    "site_visit": (("id",), ("purpose", "place"), ()),
    "support_ticket": (("id",), ("request", "outcome", "owner_subject"), ()),
}


def upgrade() -> None:
    for table, (key, words, passing) in _KEPT.items():
        versions.keep(op, table, key=key, words=words, passing=passing)


def downgrade() -> None:
    for table in reversed(_KEPT):
        versions.forget(op, table)
