"""The Forum prepares and never judges: SQL of the check's own over every tie, letter and seat."""

from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases

# What the sheet's author may not have been: somebody who visited or taught the firm before the scoring ended.
_JUDGED_BY_ITS_COACH = """
    WITH tied AS (
        SELECT coach_subject AS subject, company_id, assigned_at AS since FROM forum_visit
        UNION SELECT mentor_subject, company_id, assigned_at FROM forum_visit WHERE mentor_subject IS NOT NULL
        UNION SELECT c.teacher_subject, e.company_id, c.held_at
          FROM course c JOIN course_enrolment e ON e.course_id = c.id AND e.attended
    )
    SELECT tied.subject, tied.company_id, count(s.id) AS sheets
      FROM tied
      LEFT JOIN application a ON a.company_id = tied.company_id
      LEFT JOIN panel_case p ON p.application_id = a.id
      LEFT JOIN evaluation_round r ON r.call_id = p.call_id AND (r.closed_at IS NULL OR r.closed_at > tied.since)
      LEFT JOIN panel_member m ON m.panel_id = p.panel_id AND m.subject = tied.subject AND r.call_id IS NOT NULL
      LEFT JOIN score_sheet s ON s.application_id = a.id AND s.member_id = m.id
            AND NOT EXISTS (SELECT FROM conflict_of_interest c
                             WHERE c.application_id = a.id AND c.member_id = m.id)
     GROUP BY tied.subject, tied.company_id
"""
_LATE = """
    SELECT l.id, l.received_at >= c.opens_at AND l.received_at < c.closes_at AND c.published_at <= l.received_at AS fits
      FROM letter_of_intent l JOIN campaign c ON c.id = l.campaign_id
"""
_CONSULTED = """
    SELECT l.id, l.state, v.state AS visit FROM letter_of_intent l LEFT JOIN forum_visit v ON v.letter_id = l.id
"""
_STATE_OF = {None: "RECEIVED", "ASSIGNED": "VISIT_ASSIGNED", "REPORTED": "CONSULTED"}


async def kept_apart(databases: Databases) -> list[Claim]:
    """Nobody's sheet counts for a firm that they coached, and letters are as their windows and visits say."""
    applicant = databases["applicant"]
    apart, letters = Claim("coach-never-judges"), Claim("letters-in-their-window")
    for row in await applicant.fetch(_JUDGED_BY_ITS_COACH):
        where = f"applicant.score_sheet of {row['company_id']}'s coach"
        apart.expect(where, expected=0, found=row["sheets"])
    for row in await applicant.fetch(_LATE):
        letters.expect(f"applicant.letter_of_intent {row['id']}", expected=True, found=row["fits"])
    for row in await applicant.fetch(_CONSULTED):
        where = f"applicant.letter_of_intent {row['id']}, state"
        letters.expect(where, expected=_STATE_OF[row["visit"]], found=row["state"])
    return [apart, letters]
