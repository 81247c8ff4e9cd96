"""Plays one programme year over the public REST API, from the budgets to the completed builds."""

import time
from collections.abc import Sequence

from common.http import HttpClient
from smartfactory.scenarios.firms import cast_of
from smartfactory.scenarios.model import keys_of
from smartfactory.season import (
    agreeing,
    amending,
    applying,
    budgets,
    building,
    call,
    extra_call,
    forum,
    judging,
    mailboxes,
    measuring,
    memorandum,
    mentoring,
    objecting,
    records,
    releasing,
    screening,
    selecting,
    standing,
    supporting,
)
from smartfactory.season.options import SeasonOptions, SeasonReport
from smartfactory.season.origin import Origin
from smartfactory.season.report import gather
from smartfactory.season.stage import Stage
from smartfactory.season.telling import Telling

_ANSWER_SECONDS = 30.0


async def open_season(options: SeasonOptions) -> str:
    """Play the season up to the call, and stop programme time in its window; its id. Raises SeasonStopped."""
    scenario = options.scenario
    async with HttpClient(options.origin, read_timeout_seconds=_ANSWER_SECONDS) as client:
        origin = Origin(client, options.issue_token, year=keys_of(scenario), seed=options.seed)
        stage = Stage(options, scenario, cast_of(scenario, options.seed), origin, Telling(options.console))
        call_id, _ = await _open(stage)
    options.move_clock(scenario.calendar.drafting_at.value)
    return call_id


async def _open(stage: Stage) -> tuple[str, Sequence[str]]:
    """Everything up to the published call; its id, and the mentors who were recruited."""
    await stage.options.tell_registers(stage.cast.registers)
    await memorandum.register_memorandum(stage)
    await budgets.agree_split_rule(stage)
    await budgets.vote_budgets(stage)
    await mailboxes.register_mailboxes(stage)
    await records.import_supports(stage)
    mentors = await mentoring.open_programme(stage)
    await forum.prepare_firms(stage)
    return await call.publish_call(stage), mentors


async def run_season(options: SeasonOptions) -> SeasonReport:
    """Play the season, or play it again: the same requests under the same keys. Raises SeasonStopped."""
    started = time.monotonic()
    scenario = options.scenario
    cast = cast_of(scenario, options.seed)
    async with HttpClient(options.origin, read_timeout_seconds=_ANSWER_SECONDS) as client:
        origin = Origin(client, options.issue_token, year=keys_of(scenario), seed=options.seed)
        stage = Stage(options, scenario, cast, origin, Telling(options.console))
        call_id, mentors = await _open(stage)
        cases = await applying.apply_all(stage, call_id)
        eligible, refused = await screening.screen_all(stage, cases)
        extra = await extra_call.receive(stage)
        filed = await objecting.object_all(stage, refused)
        await judging.judge_all(stage, call_id, eligible)
        if extra:
            await extra.judge()
        projects = await selecting.select_all(stage, call_id)
        of_extra_call = await extra.select() if extra else []
        projects = [*await objecting.decide_all(stage, call_id, filed, projects), *of_extra_call]
        measuring.note_baselines(extra_call.whole(stage, extra), projects)
        in_force = await agreeing.agree_all(stage, call_id)
        if extra:
            in_force |= await extra.agree()
        stage = extra_call.whole(stage, extra)
        rota = await mentoring.send_all(stage, mentors, in_force, projects)
        releases = await releasing.release_all(stage, in_force)
        call_ids = [call_id, *([extra.call_id] if extra else [])]
        taken_up = await building.take_up(stage, call_ids, rota.residencies, rota.teams)
        await amending.amend_some(stage, call_id)
        await supporting.support_some(stage, call_id)
        if taken_up:
            measuring.note_outcomes(stage, taken_up.waves.early)
        gauge = await building.build_all(stage, taken_up)
        outcomes = await measuring.summed(stage)
        rota = await mentoring.after_builds(stage, rota, taken_up, projects)
        stands = await standing.money_at_the_end(stage, sorted(in_force))
        await objecting.tell_all(stage)
        seconds = time.monotonic() - started
        return await gather(
            stage, call_ids, projects, in_force, releases, rota, gauge, outcomes, stands, seconds=seconds
        )
