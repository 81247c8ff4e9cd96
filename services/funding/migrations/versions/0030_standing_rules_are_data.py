"""Standings: which rules an answer must not break before a payment stands in their versions, and in no CHECK.

A version that asks for R-05 alone finds a firm in arrears GOOD; the row that says so was refused, and its event parked.
"""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_STATE = """
    ALTER TABLE standing DROP CONSTRAINT standing_state_check, ADD CONSTRAINT standing_state_check CHECK (
        CASE state
            WHEN 'ASKED' THEN num_nonnulls(status, national_tax_arrears, local_tax_arrears, about, answered_at,
                                           answer_sha256, holds_until) = 0
            {answered}
            ELSE FALSE END
    ) {valid}
"""
_WHOLE = """
            WHEN '{state}' THEN num_nulls(status, national_tax_arrears, local_tax_arrears, about, answered_at,
                                          answer_sha256, holds_until) = 0
"""
_OF_2022_1 = """
            WHEN 'GOOD' THEN num_nulls(about, answered_at, answer_sha256, holds_until) = 0
                             AND coalesce(status = 'ACTIVE' AND NOT national_tax_arrears AND NOT local_tax_arrears,
                                          FALSE)
"""


def upgrade() -> None:
    answered = _WHOLE.format(state="GOOD") + _WHOLE.format(state="BAD")
    op.execute(_STATE.format(answered=answered, valid=""))


def downgrade() -> None:
    # An answer is never changed: what a later version found good stays, and only what comes is held to the older rules.
    op.execute(_STATE.format(answered=_OF_2022_1 + _WHOLE.format(state="BAD"), valid="NOT VALID"))
