"""Faults in closed books and in what metrics keeps of money: what it is, the claim that must find it, and the SQL."""

MONEY_FAULTS: dict[str, tuple[str, dict[str, str]]] = {
    "one won off in a refund": (
        "refunded-by-source",
        {
            "funding": """
            ALTER TABLE settlement_line DROP CONSTRAINT settlement_line_amount_check;
            UPDATE settlement_line SET refund_won = refund_won - 1 WHERE (settlement_id, source) = (
                SELECT settlement_id, source FROM settlement_line WHERE refund_won > 0 LIMIT 1)
            """
        },
    ),
    "what was saved is not shared by all": (
        "settled-to-the-won",
        {
            "funding": """
            UPDATE settlement_line SET fixed_won = share_won WHERE (settlement_id, source) = (
                SELECT settlement_id, source FROM settlement_line WHERE source = 'SME' LIMIT 1)
            """
        },
    ),
    "more taken back than was paid": (
        "taken-back-within",
        {"funding": "UPDATE repayment SET principal_won = principal_won * 100 WHERE origin = 'RECOVERY'"},
    ),
    "a clawback proposed and decided by one person": (
        "clawed-back-by-procedure",
        {
            "funding": """
            ALTER TABLE recovery DROP CONSTRAINT recovery_people_check;
            UPDATE recovery SET decided_by = proposed_by
            """
        },
    ),
    "a refund that no treasury has": (
        "settled-in-ledger",
        {
            "funding": """
            UPDATE ledger_entry e SET amount_won = e.amount_won - 1 FROM ledger_account a
             WHERE a.id = e.account_id AND a.kind = 'REFUNDED'
            """
        },
    ),
    "a payment that metrics counts twice": (
        "money-differs",
        {
            "metrics": """
            INSERT INTO disbursement
            SELECT gen_random_uuid(), project_id, municipality_code, source, amount_won, state, unclear, changed_at
              FROM disbursement WHERE state = 'POSTED' LIMIT 1
            """
        },
    ),
    "a refund that its treasury has and metrics shows as due": (
        "money-differs",
        {
            "metrics": """
            UPDATE repayment SET state = 'ORDERED' WHERE repayment_id = (
                SELECT repayment_id FROM repayment WHERE state = 'CONFIRMED' ORDER BY repayment_id LIMIT 1)
            """
        },
    ),
    "what lapsed, moved from one source to another in metrics": (
        "money-differs",
        {"metrics": "UPDATE lapsed_share SET amount_won = amount_won + CASE source WHEN 'PROVINCE' THEN 1 ELSE -1 END"},
    ),
    "one won of a carry-over that metrics never heard of": (
        "money-differs",
        {"metrics": "UPDATE carried_over SET amount_won = amount_won - 1 WHERE municipality_code IS NULL"},
    ),
    "a line whose money was carried over and of which nobody had been told": (
        "lapses-told",
        {
            "funding": """
            ALTER TABLE lapse_warning DISABLE TRIGGER USER;
            DELETE FROM lapse_warning WHERE budget_line_id = (SELECT budget_line_id FROM carry_over ORDER BY id LIMIT 1)
            """
        },
    ),
    "a warning of lapse that its municipality never got": (
        "lapses-told",
        {
            "applicant": """
            ALTER TABLE notice DISABLE TRIGGER USER;
            DELETE FROM notice WHERE kind = 'MONEY_LAPSES' AND recipient = 'MUNICIPALITY'
            """
        },
    ),
    "a warning of lapse with another amount": (
        "lapses-told",
        {
            "applicant": """
            ALTER TABLE notice DISABLE TRIGGER USER;
            UPDATE notice SET body = translate(body, '0123456789', '1234567890') WHERE kind = 'MONEY_LAPSES'
            """
        },
    ),
}
