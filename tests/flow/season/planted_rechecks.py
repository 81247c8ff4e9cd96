"""Faults in what the tax office was asked again: what it is, the claim that must find it, and the SQL by service."""

_ONE_ORDERED = "(SELECT id FROM release WHERE ordered_at IS NOT NULL ORDER BY id LIMIT 1)"

RECHECK_FAULTS: dict[str, tuple[str, dict[str, str]]] = {
    "a payment ordered on an answer that held no longer": (
        "paid-in-good-standing",
        {
            "funding": f"""
            UPDATE standing SET holds_until = (SELECT ordered_at FROM release WHERE id = {_ONE_ORDERED})
             WHERE id = (SELECT standing_id FROM release WHERE id = {_ONE_ORDERED})
            """
        },
    ),
    "a payment ordered without a question": (
        "paid-in-good-standing",
        {"funding": f"UPDATE release SET standing_id = NULL WHERE id = {_ONE_ORDERED}"},
    ),
    "a payment ordered on another firm's standing": (
        "paid-in-good-standing",
        {
            "funding": f"""
            UPDATE release r SET standing_id = (
                SELECT s.id FROM standing s WHERE s.state = 'GOOD' AND s.company_id <> r.company_id ORDER BY s.id LIMIT 1)
             WHERE r.id = {_ONE_ORDERED}
            """
        },
    ),
    "a payment of a firm that the tax office had called in arrears": (
        "paid-in-good-standing",
        {
            "applicant": """
            UPDATE standing_check SET answer = jsonb_set(answer, '{local_tax_arrears}', 'true') WHERE purpose = 'PAYMENT'
            """
        },
    ),
    "a payment ordered after a worse answer": (
        "paid-in-good-standing",
        {
            "funding": f"""
            UPDATE standing s SET state = 'BAD', number = 1000, answered_at = asked_at FROM release r
             WHERE r.id = {_ONE_ORDERED} AND s.id = (
                SELECT b.id FROM standing b WHERE b.id <> r.standing_id ORDER BY b.asked_at, b.id LIMIT 1);
            UPDATE standing s SET project_id = r.project_id FROM release r WHERE r.id = {_ONE_ORDERED} AND s.number = 1000
            """
        },
    ),
    "an agreement signed with a firm in arrears": (
        "agreed-without-arrears",
        {
            "applicant": """
            UPDATE standing_check SET answer = jsonb_set(answer, '{national_tax_arrears}', 'true')
             WHERE purpose = 'AGREEMENT'
            """
        },
    ),
    "an agreement signed before the tax office was asked": (
        "agreed-without-arrears",
        {"applicant": "UPDATE standing_check SET purpose = 'PAYMENT', number = NULL WHERE purpose = 'AGREEMENT'"},
    ),
}
