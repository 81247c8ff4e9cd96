"""Faults in what firms reported of their factories: what it is, the claim that must find it, and the SQL by service."""

_ONE_VERIFIED = "(SELECT id FROM outcome_report WHERE state = 'VERIFIED' AND wave = 'COMPLETION' ORDER BY id LIMIT 1)"

OUTCOME_FAULTS: dict[str, tuple[str, dict[str, str]]] = {
    "a figure rewritten after it was verified": (
        "outcome-as-reported",
        {
            "metrics": f"""
            UPDATE outcome_report SET figures = jsonb_set(figures, '{{0,numerator}}', '999999')
             WHERE id = {_ONE_VERIFIED}
            """
        },
    ),
    "a report verified by whoever made it": (
        "outcome-as-reported",
        {
            "metrics": f"""
            ALTER TABLE outcome_report DROP CONSTRAINT outcome_report_two_people_check;
            UPDATE outcome_report SET decided_by = reported_by WHERE id = {_ONE_VERIFIED}
            """
        },
    ),
    "a wave told to partners other than its last day left it": (
        "outcome-wave-told",
        {"metrics": "UPDATE outcome_wave_closing SET response = 'NO_RESPONSE' WHERE response = 'RESPONDED'"},
    ),
    "a wave that is over and was never closed": ("outcome-wave-told", {"metrics": "DELETE FROM outcome_wave_closing"}),
    "a report of a factory that did not stand yet": (
        "outcome-as-reported",
        {
            "metrics": f"""
            UPDATE outcome_project SET completed_at = completed_at + interval '1 year'
             WHERE project_id = (SELECT project_id FROM outcome_report WHERE id = {_ONE_VERIFIED})
            """
        },
    ),
}
