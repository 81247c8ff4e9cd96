"""No case rests: what waits for somebody has a running deadline, what has passed was worked, and everybody was told.

Own SQL; the moment judged by is the last that any decision was taken at.
"""

from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases

_NOW = "SELECT max(decided_at) FROM journal_entry"
_DEADLINES = "SELECT id, kind, state, duty, due_at, settled_at, source_note FROM legal_deadline ORDER BY id"
_MIDDLE = """
    SELECT 'application ' || id AS what, id AS subject,
           CASE status WHEN 'SUPPLEMENT_REQUESTED' THEN 'SUPPLEMENT' END AS kind
      FROM application WHERE submitted_at IS NOT NULL
    UNION ALL
    SELECT 'agreement ' || project_id, project_id,
           CASE state WHEN 'DRAFT' THEN 'AGREEMENT_ISSUE' WHEN 'ISSUED' THEN 'AGREEMENT_SIGNATURES'
                      WHEN 'SIGNED_BY_ADOPTER' THEN 'AGREEMENT_SIGNATURES'
                      WHEN 'SIGNED_BY_SUPPLIER' THEN 'AGREEMENT_OPERATOR_SIGNATURE'
                      WHEN 'SIGNED_BY_OPERATOR' THEN 'AGREEMENT_COVERAGE' END
      FROM agreement
    UNION ALL
    SELECT 'amendment ' || id, id,
           CASE state WHEN 'REQUESTED' THEN 'AMENDMENT_CONSENT' WHEN 'AGREED' THEN 'AMENDMENT_DECISION' END
      FROM agreement_amendment
    UNION ALL
    SELECT 'support ticket ' || id, id, CASE WHEN closed_at IS NULL THEN 'SUPPORT_TICKET' END FROM support_ticket
    UNION ALL
    SELECT 'objection ' || id, id, CASE WHEN decided_at IS NULL THEN 'OBJECTION_DECISION' END FROM objection
"""
_RUNNING = "SELECT subject_id, kind FROM legal_deadline WHERE state IN ('OPEN', 'OVERDUE')"
_REFUSED = """
    SELECT a.id, a.appeal_until,
           (SELECT (max(d.due_at) AT TIME ZONE 'Asia/Seoul')::date - 1 FROM legal_deadline d
             WHERE d.subject_id = a.id AND d.kind = 'OBJECTION_WINDOW') AS last_day,
           EXISTS (SELECT FROM notice n WHERE n.application_id = a.id AND n.kind = 'INELIGIBLE'
                      AND n.body LIKE '%' || a.appeal_until || '%') AS told
      FROM application a WHERE a.status = 'INELIGIBLE'
"""
_RANKED = """
    SELECT o.application_id, o.outcome,
           EXISTS (SELECT FROM notice n WHERE n.application_id = o.application_id AND n.kind = o.outcome) AS told,
           o.outcome = 'SELECTED' OR a.status = 'WITHDRAWN' OR EXISTS (
               SELECT FROM legal_deadline d WHERE d.subject_id = o.application_id AND d.kind = 'OBJECTION_WINDOW'
           ) AS may_object
      FROM case_outcome o JOIN application a ON a.id = o.application_id
"""
_NOTICES = "SELECT id, state, sent_at IS NOT NULL AS sent FROM notice ORDER BY id"
_ESCALATED = frozenset({"OPERATOR", "PROVINCE", "MUNICIPALITY"})


async def kept(databases: Databases) -> list[Claim]:
    """Deadlines, middle states, and notices of the applicant service."""
    applicant = databases["applicant"]
    (moment,) = await applicant.fetch(_NOW)
    now = moment["max"]
    kept_claim, watched, told = Claim("deadline-worked"), Claim("waiting-is-watched"), Claim("everybody-told")
    for row in await applicant.fetch(_DEADLINES):
        where = f"applicant.legal_deadline {row['id']} {row['kind']}"
        passed = now is not None and row["due_at"] <= now
        resting = passed and (row["state"] == "OPEN" or (row["state"] == "OVERDUE" and row["duty"] not in _ESCALATED))
        kept_claim.expect(where, expected="worked", found="open past its day" if resting else "worked")
        kept_claim.expect(f"{where}: its source", expected=True, found=bool(row["source_note"]))
    running = {(row["subject_id"], row["kind"]) for row in await applicant.fetch(_RUNNING)}
    for row in await applicant.fetch(_MIDDLE):
        watches = row["kind"] is None or (row["subject"], row["kind"]) in running
        found = "watched" if watches else f"waits without {row['kind']}"
        watched.expect(f"applicant.{row['what']}", expected="watched", found=found)
    for row in await applicant.fetch(_REFUSED):
        where = f"applicant.application {row['id']}"
        watched.expect(f"{where}: last day to object", expected=row["appeal_until"], found=row["last_day"])
        told.expect(f"{where}: refusal with its appeal date", expected=True, found=row["told"])
    for row in await applicant.fetch(_RANKED):
        where = f"applicant.application {row['application_id']}: {row['outcome']}"
        told.expect(where, expected=True, found=row["told"])
        watched.expect(f"{where}: has had its time to object", expected=True, found=row["may_object"])
    for row in await applicant.fetch(_NOTICES):
        told.expect(f"applicant.notice {row['id']}", expected=("SENT", True), found=(row["state"], row["sent"]))
    return [kept_claim, watched, told]
