"""Row-level security: a municipality sees and writes its own money, a company its own commitment, an office all.

What keeps the books in agreement must see all rows whoever acts, so those triggers run with the owner's rights.
"""

from alembic import op

from common import row_security_v1 as rows

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_COMPANY = rows.tenant_id_of("company.owner", "company.staff")
_PROVINCE = ("province.officer", "province.approver", "province.treasurer")
_OVERSEES = rows.is_one_of("service", *_PROVINCE, "technopark.operator", "auditor")
_AUDITS = rows.is_one_of("service", *_PROVINCE, "auditor")
_PROVINCE_PROPOSES = rows.is_one_of("province.officer", "province.treasurer")
_CONFIRMS = rows.is_one_of("province.treasurer", "municipality.approver")
# A municipality's code for its approver, and none for the province's treasurer, whose lines have none either.
_OF_ITS_OWN_PLACE = f"municipality_code IS NOT DISTINCT FROM {rows.tenant_of('municipality.approver')}"
_ON_ITS_OWN_ACCOUNT = (
    "EXISTS (SELECT FROM ledger_account WHERE ledger_account.id = ledger_entry.account_id"
    f" AND ledger_account.{_OF_ITS_OWN_PLACE})"
)

# By table: which rows are seen, and which may be written.
_TABLES = {
    "budget_line": (
        f"{_OVERSEES} OR municipality_code = {_AREA}",
        f"{rows.SERVICE} OR municipality_code = {_AREA} OR municipality_code IS NULL AND {_PROVINCE_PROPOSES}",
    ),
    "split_rule": (
        f"{_OVERSEES} OR state = 'CONFIRMED' AND (SELECT caller_role()) IS NOT NULL",
        rows.is_one_of("service", "province.officer", "province.approver"),
    ),
    "commitment": (
        f"{_OVERSEES} OR municipality_code = {_AREA} OR company_id = {_COMPANY}",
        rows.SERVICE,
    ),
    "commitment_share": (
        f"{_OVERSEES} OR EXISTS (SELECT FROM commitment WHERE commitment.project_id = commitment_share.project_id)",
        rows.SERVICE,
    ),
    # Whoever confirms a line posts its appropriation, and nothing else: the accounts of the line's own place.
    "ledger_account": (
        f"{_AUDITS} OR municipality_code = {_AREA}",
        f"{rows.SERVICE} OR {_CONFIRMS} AND project_id IS NULL AND {_OF_ITS_OWN_PLACE}",
    ),
    "ledger_transfer": (
        f"{_AUDITS} OR EXISTS (SELECT FROM ledger_entry WHERE ledger_entry.transfer_id = ledger_transfer.id)",
        f"{rows.SERVICE} OR {_CONFIRMS} AND kind = 'APPROPRIATION'",
    ),
    "ledger_entry": (
        f"{_AUDITS} OR EXISTS (SELECT FROM ledger_account WHERE ledger_account.id = ledger_entry.account_id)",
        f"{rows.SERVICE} OR {_CONFIRMS} AND {_ON_ITS_OWN_ACCOUNT}",
    ),
}
_SEE_ALL_ROWS = ("ledger_seal_transfer", "ledger_check_transfer", "budget_line_agrees")


def upgrade() -> None:
    rows.begin(op, parked_event_readers=("auditor", "platform.operator"), parked_event_menders=("platform.operator",))
    for table, (sees, writes) in _TABLES.items():
        rows.secure(op, table, sees=sees, writes=writes)
    for function in _SEE_ALL_ROWS:
        op.execute(f"ALTER FUNCTION {function}() SECURITY DEFINER")


def downgrade() -> None:
    for function in _SEE_ALL_ROWS:
        op.execute(f"ALTER FUNCTION {function}() SECURITY INVOKER")
    for table in _TABLES:
        rows.expose(op, table)
    rows.end(op)
