"""Faults in what metrics keeps of public money: what it is, the claim that must find it, and the SQL."""

MONEY_FAULTS: dict[str, tuple[str, dict[str, str]]] = {
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
}
