"""Plays one programme year over the public REST API, from the budgets to the completed builds."""

import time

from common.http import HttpClient
from smartfactory.scenarios.firms import cast_of
from smartfactory.season import (
    agreeing,
    amending,
    applying,
    budgets,
    building,
    call,
    closing,
    forum,
    judging,
    memorandum,
    mentoring,
    objecting,
    records,
    releasing,
    screening,
    selecting,
    supporting,
)
from smartfactory.season.options import SeasonOptions, SeasonReport
from smartfactory.season.origin import Origin
from smartfactory.season.report import gather
from smartfactory.season.stage import Stage
from smartfactory.season.telling import Telling

_ANSWER_SECONDS = 30.0


async def run_season(options: SeasonOptions) -> SeasonReport:
    """Play the season, or play it again: the same requests under the same keys. Raises SeasonStopped."""
    started = time.monotonic()
    scenario = options.scenario
    cast = cast_of(scenario, options.seed)
    async with HttpClient(options.origin, read_timeout_seconds=_ANSWER_SECONDS) as client:
        origin = Origin(
            client, options.issue_token, year=f"{scenario.name}/{scenario.call.fiscal_year.value}", seed=options.seed
        )
        stage = Stage(options, scenario, cast, origin, Telling(options.console))
        await options.tell_registers(cast.registers)
        await memorandum.register_memorandum(stage)
        await budgets.agree_split_rule(stage)
        await budgets.vote_budgets(stage)
        await records.import_supports(stage)
        mentors = await mentoring.open_programme(stage)
        await forum.prepare_firms(stage)
        call_id = await call.publish_call(stage)
        cases = await applying.apply_all(stage, call_id)
        eligible, refused = await screening.screen_all(stage, cases)
        filed = await objecting.object_all(stage, refused)
        await judging.judge_all(stage, call_id, eligible)
        projects = await selecting.select_all(stage, call_id)
        projects = await objecting.decide_all(stage, call_id, filed, projects)
        in_force = await agreeing.agree_all(stage, call_id)
        rota = await mentoring.send_all(stage, mentors, in_force, projects)
        releases = await releasing.release_all(stage, in_force)
        begun = await building.begin(stage, call_id, rota.residencies)
        await amending.amend_some(stage, call_id)
        await supporting.support_some(stage, call_id)
        gauge = await building.build_all(stage, begun)
        rota = await mentoring.after_builds(stage, rota, call_id, projects)
        settled = await closing.money_at_the_end(stage, sorted(in_force))
        await objecting.tell_all(stage)
        seconds = time.monotonic() - started
        return await gather(stage, call_id, projects, in_force, releases, rota, gauge, settled, seconds=seconds)
