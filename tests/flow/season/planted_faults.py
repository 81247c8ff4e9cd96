"""Every fault that is planted in a played season: what it is, the claim that must find it, and the SQL by service."""

from tests.flow.season.planted_money import MONEY_FAULTS
from tests.flow.season.planted_outcomes import OUTCOME_FAULTS
from tests.flow.season.planted_rechecks import RECHECK_FAULTS

ONE_COMMITTED = (
    "(SELECT project_id FROM commitment WHERE state = 'COMMITTED' AND track = 'B' ORDER BY project_id LIMIT 1)"
)
ONE_COMPLETED = "(SELECT id FROM completion WHERE state = 'PASSED' ORDER BY id LIMIT 1)"
FAULTS: dict[str, tuple[str, dict[str, str]]] = {
    "a sheet of somebody who coached the firm": (
        "coach-never-judges",
        {
            "applicant": """
            ALTER TABLE forum_visit DISABLE TRIGGER USER;
            UPDATE forum_visit v SET coach_subject = m.subject
              FROM application a, score_sheet s, panel_member m
             WHERE a.company_id = v.company_id AND s.application_id = a.id AND m.id = s.member_id
               AND NOT EXISTS (SELECT FROM conflict_of_interest c WHERE c.member_id = m.id AND c.application_id = a.id)
            """
        },
    ),
    "a firm that was supported before taken for a first-timer": (
        "supported-before-is-known",
        {
            "applicant": """
            UPDATE application SET first_timer = true WHERE id = (
                SELECT a.id FROM application a JOIN company c ON c.id = a.company_id
                  JOIN past_support p ON p.business_number = c.business_number LIMIT 1)
            """
        },
    ),
    "an event lost on its way to metrics": (
        "event-lost",
        {
            "metrics": """
            DELETE FROM inbox WHERE event_id = (
                SELECT event_id FROM inbox WHERE type LIKE '%.application.found-eligible.v1' ORDER BY position LIMIT 1)
            """
        },
    ),
    "the effect of an event lost": (
        "projection-differs",
        {
            "mentoring": "DELETE FROM waiting_project WHERE project_id = (SELECT project_id FROM waiting_project LIMIT 1)"
        },
    ),
    "an event applied twice": (
        "event-doubled",
        {
            "funding": """
            INSERT INTO inbox (event_id, type, topic, key, sequence, outcome)
            SELECT gen_random_uuid(), type, topic, key, sequence, outcome FROM inbox ORDER BY position LIMIT 1
            """
        },
    ),
    "two events of one project applied in the wrong order": (
        "event-reordered",
        {
            "metrics": """
            ALTER TABLE inbox ALTER position DROP IDENTITY;
            CREATE TEMP TABLE pair AS
                SELECT a.event_id AS first, b.event_id AS second, a.position AS early, b.position AS late
                  FROM inbox a JOIN inbox b ON b.topic = a.topic AND b.key = a.key AND b.sequence = a.sequence + 1
                 WHERE a.topic = 'applicant.project.v1' ORDER BY a.position LIMIT 1;
            UPDATE inbox SET position = -late FROM pair WHERE event_id = first;
            UPDATE inbox SET position = early FROM pair WHERE event_id = second;
            UPDATE inbox SET position = late FROM pair WHERE event_id = first;
            """
        },
    ),
    "a worse-ranked firm answered before a better one": (
        "answered-in-turn",
        {
            "funding": """
            UPDATE commitment SET turn = CASE turn WHEN 1 THEN 2 ELSE 1 END
             WHERE turn <= 2 AND call_id = (SELECT call_id FROM commitment WHERE turn = 2 ORDER BY call_id LIMIT 1)
            """
        },
    ),
    "requests that were not made in the order of the ranking": (
        "answered-in-turn",
        {
            "applicant": """
            ALTER TABLE ranked_case DISABLE TRIGGER USER;
            UPDATE ranked_case SET position = -position
             WHERE ranking_id IN (SELECT id FROM ranking WHERE state = 'DECIDED')
            """
        },
    ),
    "one won off in a share": (
        "shares-to-the-won",
        {
            "funding": f"""
            UPDATE commitment_share SET amount_won = amount_won - 1
             WHERE source = 'MUNICIPALITY' AND project_id = {ONE_COMMITTED}
            """
        },
    ),
    "one won moved from the firm to the province, the sum as before": (
        "shares-to-the-won",
        {
            "funding": f"""
            UPDATE commitment_share SET amount_won = amount_won + CASE source WHEN 'PROVINCE' THEN 1 ELSE -1 END
             WHERE source IN ('PROVINCE', 'SME') AND project_id = {ONE_COMMITTED}
            """
        },
    ),
    "money that left after its year and was not carried over": (
        "carried-over",
        {
            "funding": """
            ALTER TABLE carry_over DISABLE TRIGGER USER;
            UPDATE carry_over SET amount_won = 1, paid_won = 0
             WHERE municipality_code IS NULL AND state = 'CONFIRMED'
            """
        },
    ),
    "a carry-over of another year than its line's": (
        "carried-over",
        {
            "funding": """
            ALTER TABLE carry_over DISABLE TRIGGER USER;
            UPDATE carry_over SET fiscal_year = fiscal_year + 1, to_year = to_year + 1
             WHERE id = (SELECT id FROM carry_over ORDER BY id LIMIT 1)
            """
        },
    ),
    "one won off in the ledger": (
        "ledger-balanced",
        {
            "funding": """
            UPDATE ledger_entry SET amount_won = amount_won + 1 WHERE (transfer_id, account_id) =
                (SELECT transfer_id, account_id FROM ledger_entry WHERE amount_won > 0 LIMIT 1)
            """
        },
    ),
    "a share drawn on another municipality's line": (
        "wrong-municipality",
        {
            "funding": f"""
            UPDATE commitment_share SET budget_line_id = (
                SELECT id FROM budget_line WHERE source = 'MUNICIPALITY' AND id <> commitment_share.budget_line_id
                 LIMIT 1)
             WHERE source = 'MUNICIPALITY' AND project_id = {ONE_COMMITTED}
            """
        },
    ),
    "a project counted in another municipality": (
        "wrong-municipality",
        {"applicant": "UPDATE project SET municipality_code = '52720' WHERE id = (SELECT id FROM project LIMIT 1)"},
    ),
    "a reserve passed over although there is money": (
        "reserve-passed-over",
        {
            "applicant": "DELETE FROM project WHERE promoted",
            "funding": "UPDATE budget_line SET committed_won = 0 WHERE municipality_code = '52130'",
        },
    ),
    "an agreement in force that a source never covered": (
        "agreement-in-force",
        {
            "funding": f"""
            UPDATE coverage_line SET reference = NULL, evidence_sha256 = NULL, covered_by = NULL, covered_at = NULL
             WHERE source = 'PROVINCE' AND project_id = {ONE_COMMITTED}
            """
        },
    ),
    "a release above what was committed": (
        "released-within",
        {"funding": "UPDATE release SET amount_won = amount_won * 3 WHERE source = 'PROVINCE'"},
    ),
    "a payment that only our books know": (
        "bank-agrees",
        {"funding": "UPDATE release SET id = gen_random_uuid() WHERE id = (SELECT id FROM release LIMIT 1)"},
    ),
    "a payment that was posted to nobody's account": (
        "released-in-ledger",
        {
            "funding": """
            UPDATE ledger_entry SET amount_won = amount_won - 1 WHERE (transfer_id, account_id) = (
                SELECT e.transfer_id, e.account_id FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
                  JOIN ledger_transfer t ON t.id = e.transfer_id
                 WHERE a.kind = 'PAID' AND t.kind = 'DISBURSEMENT' ORDER BY t.id LIMIT 1)
            """
        },
    ),
    "public money before the firm's own": ("released-by-rule", {"funding": "DELETE FROM self_payment"}),
    "a release that one officer approved": (
        "released-by-rule",
        {"funding": "DELETE FROM release_approval WHERE body = 'PROVINCE' AND approver LIKE '%approver-2'"},
    ),
    "a payment ordered by who approved it": (
        "released-by-rule",
        {
            "funding": """
            UPDATE release SET ordered_by = (SELECT min(approver) FROM release_approval WHERE release_id = release.id)
            """
        },
    ),
    "an agreement in force that the supplier never signed": (
        "agreement-in-force",
        {
            "applicant": """
            DELETE FROM agreement_signature WHERE party = 'SUPPLIER'
               AND project_id = (SELECT project_id FROM agreement WHERE state = 'EFFECTIVE' LIMIT 1)
            """
        },
    ),
    "an agreement about other shares than were committed": (
        "agreed-as-committed",
        {
            "applicant": """
            UPDATE agreement SET shares = jsonb_set(shares, '{0,amount_won}', '1')
             WHERE project_id = (SELECT project_id FROM agreement LIMIT 1)
            """
        },
    ),
    "a deadline that nobody worked after its day": (
        "deadline-worked",
        {
            "applicant": """
            UPDATE legal_deadline SET state = 'OPEN', settled_at = NULL
             WHERE id = (SELECT id FROM legal_deadline WHERE kind = 'OBJECTION_WINDOW' ORDER BY id LIMIT 1)
            """
        },
    ),
    "an agreement that waits for the operator without a deadline": (
        "waiting-is-watched",
        {
            "applicant": """
            UPDATE agreement SET state = 'SIGNED_BY_SUPPLIER', effective_at = NULL
             WHERE project_id = (SELECT project_id FROM agreement LIMIT 1)
            """
        },
    ),
    "a ticket whose day nobody watched": (
        "support-in-time",
        {
            "applicant": """
            DELETE FROM legal_deadline WHERE kind = 'SUPPORT_TICKET'
               AND subject_id = (SELECT id FROM support_ticket ORDER BY id LIMIT 1)
            """
        },
    ),
    "a refused firm that was told another last day to object": (
        "everybody-told",
        {"applicant": "UPDATE notice SET body = 'nothing' WHERE kind = 'INELIGIBLE'"},
    ),
    "a notice that never left": (
        "everybody-told",
        {"applicant": "UPDATE notice SET state = 'FAILED', sent_at = NULL WHERE id = (SELECT id FROM notice LIMIT 1)"},
    ),
    "a team at two firms in one week": (
        "team-in-one-place",
        {
            "mentoring": """
            UPDATE residency SET team_id = (SELECT team_id FROM residency ORDER BY team_id LIMIT 1),
                first_week = date '2024-07-01' WHERE state = 'ENDED'
            """
        },
    ),
    "a mentor assigned before Samsung's training": (
        "trained-before-assigned",
        {"mentoring": "UPDATE mentor SET trained_on = date '2030-01-01'"},
    ),
    "a mentor with a conflict sent all the same": (
        "conflicts-kept",
        {
            "mentoring": """
            UPDATE project_need SET conflicts = (
                SELECT jsonb_build_object(mentor_id::text, 'STAKE_IN_ADOPTER')
                  FROM residency r JOIN team_member USING (team_id)
                 WHERE r.project_id = project_need.project_id AND r.state = 'ENDED' LIMIT 1)
             WHERE project_id = (SELECT project_id FROM residency WHERE state = 'ENDED' LIMIT 1)
            """
        },
    ),
    "a team sent to a firm whose agreement ended": (
        "ended-project-has-no-team",
        {
            "mentoring": """
            UPDATE residency SET state = 'ACCEPTED', release_reason = NULL WHERE release_reason = 'AGREEMENT_TERMINATED'
            """
        },
    ),
    "a visit while the project was suspended": (
        "no-visit-while-suspended",
        {
            "mentoring": """
            INSERT INTO mentor_session (id, residency_id, held_on, minutes, place, mentor_ids, recorded_by, recorded_at,
                version)
            SELECT gen_random_uuid(), r.id, p.suspended_on + 1, 60, 'AT_FIRM', ARRAY[gen_random_uuid()], 'planted',
                now(), 1
              FROM residency r JOIN project_pause p USING (project_id)
            """
        },
    ),
    "know-how hours of a mentor who is in another team": (
        "visit-by-its-team-while-there",
        {"mentoring": "UPDATE mentor_session SET mentor_ids = mentor_ids || gen_random_uuid()"},
    ),
    "an improvement found before any team came": (
        "improvement-found-while-there",
        {"mentoring": "UPDATE improvement_item SET found_at = found_at - interval '1 year'"},
    ),
    "weeks given to a firm without a residency": (
        "residency-in-calendar",
        {"mentoring": "UPDATE team_rotation SET project_id = NULL, plan_id = NULL WHERE project_id IS NOT NULL"},
    ),
    "the input of a plan rewritten after it": (
        "plan-optimal",
        {"mentoring": "UPDATE mentor_plan SET given = jsonb_set(given, '{starts_on}', '\"2024-01-01\"')"},
    ),
    "a factory counted that failed its completion inspection": (
        "build-step-missing",
        {"applicant": f"UPDATE completion SET state = 'FAILED' WHERE id = {ONE_COMPLETED}"},
    ),
    "an agreement terminated by one person alone": (
        "build-step-missing",
        {
            "applicant": """
            ALTER TABLE build_change DROP CONSTRAINT build_change_two_people_check;
            UPDATE build_change SET decided_by = proposed_by WHERE kind = 'TERMINATION'
            """
        },
    ),
    "a completion audited by the firm's own signer": (
        "inspected-by-others",
        {
            "applicant": f"""
            UPDATE completion SET audited_by = (SELECT signed_by FROM agreement_signature s
             WHERE s.project_id = completion.project_id AND party = 'ADOPTER') WHERE id = {ONE_COMPLETED}
            """
        },
    ),
    "a worksite counted twice toward 300": (
        "gauge-differs",
        {
            "metrics": """
            INSERT INTO site SELECT gen_random_uuid(), gen_random_uuid(), call_id, type_code, municipality_code, track,
                selected_at, ended_at, agreed_at, inspected_at, suspended_at, resumed_at, completed_at
              FROM site WHERE completed_at IS NOT NULL LIMIT 1
            """
        },
    ),
    "a terminated project that still counts": (
        "gauge-differs",
        {
            "metrics": "UPDATE site SET completed_at = terminated_at, terminated_at = NULL WHERE terminated_at IS NOT NULL"
        },
    ),
    "a decision rewritten in the journal": (
        "journal-broken",
        {
            "applicant": """
            UPDATE journal_entry SET facts = '{"outcome": "SELECTED"}' WHERE id =
                (SELECT min(id) FROM journal_entry WHERE decision = 'application-ranked')
            """
        },
    ),
    "a commitment that forgot its memorandum": (
        "under-memorandum",
        {"funding": f"UPDATE commitment SET memorandum_id = NULL WHERE project_id = {ONE_COMMITTED}"},
    ),
    "a memorandum by which a municipality owes nothing": (
        "under-memorandum",
        {
            "funding": """
            UPDATE memorandum SET parties = (
                SELECT jsonb_agg(party) FROM jsonb_array_elements(parties) party
                 WHERE party ->> 'municipality_code' IS DISTINCT FROM '52110')
            """
        },
    ),
    "a budget raised after the vote": (
        "as-appropriated",
        {"funding": "UPDATE budget_line SET amount_won = amount_won + 1000000 WHERE source = 'PROVINCE'"},
    ),
    **MONEY_FAULTS,
    **OUTCOME_FAULTS,
    **RECHECK_FAULTS,
}
