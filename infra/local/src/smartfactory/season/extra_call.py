"""A further call of the same season, for seats that had no plan: its cases come in later and are judged by themselves.

Once its agreements are in force its projects go on with the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from smartfactory.scenarios.firms import Cast, cast_of
from smartfactory.scenarios.model import keys_of, load
from smartfactory.season import agreeing, applying, call, judging, screening, selecting
from smartfactory.season.applying import Case
from smartfactory.season.origin import Json
from smartfactory.season.stage import Stage


@dataclass(frozen=True, slots=True)
class ExtraCall:
    """The call's own part of the season, and which of its cases may be judged."""

    stage: Stage
    call_id: str
    eligible: Sequence[Case]

    async def judge(self) -> None:
        """Its own panels score its cases."""
        await judging.judge_all(self.stage, self.call_id, self.eligible)

    async def select(self) -> list[Json]:
        """Its own ranking and decision; returns its projects."""
        return await selecting.select_all(self.stage, self.call_id)

    async def agree(self) -> frozenset[str]:
        """Bring its agreements into force; returns their projects."""
        return await agreeing.agree_all(self.stage, self.call_id)


async def receive(stage: Stage) -> ExtraCall | None:
    """Publish it and screen what comes in; None if the season has no such call."""
    if stage.scenario.extra_call is None:
        return None
    scenario = load(stage.scenario.extra_call.value)
    cast = cast_of(scenario, stage.options.seed, after=len(stage.cast.applications))
    await stage.options.tell_registers(cast.registers)
    origin = stage.origin.under(keys_of(scenario))
    own = replace(stage, scenario=scenario, cast=cast, origin=origin)
    call_id = await call.publish_call(own)
    eligible, _ = await screening.screen_all(own, await applying.apply_all(own, call_id))
    return ExtraCall(own, call_id, eligible)


def whole(stage: Stage, extra: ExtraCall | None) -> Stage:
    """The season with the firms of both calls."""
    if extra is None:
        return stage
    casts = (stage.cast, extra.stage.cast)
    applications = [application for cast in casts for application in cast.applications]
    return replace(stage, cast=Cast(applications, [firm for cast in casts for firm in cast.registers]))
