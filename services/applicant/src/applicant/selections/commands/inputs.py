"""What a ranking rests on: the call's numbers, every scored case, and what is left of each budget."""

import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from applicant.applications import queries as applications
from applicant.calls import queries as calls
from applicant.evaluations import queries as evaluations
from applicant.selections.domain import decision
from applicant.selections.domain.budgets import budget_key, known_left
from applicant.selections.domain.ranking import Case, Line, Placement, Rules, TieBreak
from applicant.selections.store import places
from common.db import Transaction
from contracts.types import Source, Won

_encoder = msgspec.json.Encoder(order="deterministic")


def rules_of(call: calls.Call) -> Rules:
    """The numbers of a call that rank its cases."""
    terms = call.terms
    return Rules(
        seats={Line(each.type_code, each.municipality_code): each.seats for each in terms.seat_lines},
        pass_mark=terms.panel_rule.pass_mark,
        tie_break=[TieBreak(each) for each in terms.panel_rule.tie_break],
    )


async def cases_to_rank(tx: Transaction, call: calls.Call) -> list[Case]:
    """Every eligible case with its score; refuses while anything is unscreened or unscored."""
    unscreened = await applications.count_in_screening(tx, call.id)
    if unscreened:
        raise decision.ScreeningUnfinished(count=unscreened)
    eligible = {case.id: case for case in await applications.eligible_of_call(tx, call.id)}
    if not eligible:
        raise decision.NothingToRank
    rule = call.terms.panel_rule
    scores = await evaluations.consolidated_scores(
        tx, list(eligible), size_min=rule.size_min, trim_from=rule.trim_from, bonus_cap=rule.bonus_cap
    )
    if len(scores) < len(eligible):
        first = min(eligible.keys() - scores.keys())
        raise decision.EvaluationIncomplete(count=len(eligible) - len(scores), first=first, size_min=rule.size_min)
    return [_case(call, case, scores[case.id]) for case in eligible.values()]


async def budgets_left(tx: Transaction, call: calls.Call, municipalities: Iterable[str]) -> dict[str, int]:
    """What is left of each budget that a call draws on, as far as funding has told."""
    terms = call.terms
    planned = [(each.source, each.municipality_code, each.amount_won) for each in terms.planned_budget_lines]
    told = await places.get_balances(tx, fiscal_year=terms.fiscal_year, track=terms.track)
    return known_left(planned, told, municipalities)


def need_of(call: calls.Call, *, type_code: str, municipality_code: str, total_cost_won: int) -> dict[str, int]:
    """What each public budget would pay for a case by the call's rates and cap (rules F-01, F-02)."""
    shares = calls.estimate_shares(call.terms, type_code, Won(total_cost_won))
    return {budget_key(source, municipality_code): won for source, won in shares.items() if source != Source.SME}


def digest(placements: Sequence[Placement]) -> str:
    """The fingerprint of a ranking's cases with every number that decided them: evidence for the journal."""
    return f"sha256:{hashlib.sha256(_encoder.encode(list(placements))).hexdigest()}"


def rule_version(call: calls.Call) -> str:
    """Which call ruled by its seats, pass mark, trimming and tie order: published, it never has another version."""
    return f"call/{call.id}"


def _case(call: calls.Call, eligible: applications.EligibleCase, score: evaluations.Consolidated) -> Case:
    return Case(
        application_id=eligible.id,
        company_id=eligible.company_id,
        type_code=eligible.type_code,
        municipality_code=eligible.municipality_code,
        total_cost_won=eligible.total_cost_won,
        need_won=need_of(
            call,
            type_code=eligible.type_code,
            municipality_code=eligible.municipality_code,
            total_cost_won=eligible.total_cost_won,
        ),
        score=score.score,
        bonus=score.bonus,
        site_score=score.site_score,
        sheet_scores=score.sheet_scores,
        dropped_scores=score.dropped,
        first_timer=eligible.first_timer,
        submitted_at=eligible.submitted_at,
    )
