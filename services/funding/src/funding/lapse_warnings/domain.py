"""When lines are looked at before the year's end, and what a look finds that somebody has to be told."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

KST = ZoneInfo("Asia/Seoul")


@dataclass(frozen=True, slots=True)
class LapseRules:
    """A version of the days before 31 December on which is told what lapses, at `alert_hour` in Korea."""

    version: str
    valid_from: date
    note: str
    alert_hour: int
    alert_days: tuple[int, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LapseWarning:
    """What one line would have lost when it was looked at for one stage; told of only if that is anything.

    Money lapses at the end of `lapses_in`: of the line's own year, or of the next one what was carried into it.
    """

    budget_line_id: UUID
    lapses_in: int
    stage_days: int
    source: str
    municipality_code: str | None
    track: str
    fiscal_year: int
    looked_at: datetime
    uncommitted_won: int
    unpaid_won: int
    carried_won: int
    lapsing_won: int
    rule_version: str

    @property
    def is_told(self) -> bool:
        """Whether there is anything to tell."""
        return self.lapsing_won > 0


def year_of(now: datetime) -> int:
    """The fiscal year, which is the calendar's in Korea."""
    return now.astimezone(KST).year


def last_day(year: int) -> date:
    """The last day on which money that lapses with a year is paid, or carried over if it was not before."""
    return date(year, 12, 31)


def stage_at(rules: LapseRules, now: datetime) -> int | None:
    """The stage of this moment: the last of the year whose hour has come. One that nobody worked is not made up for."""
    end = last_day(year_of(now))
    come = [
        days
        for days in rules.alert_days
        if datetime.combine(end - timedelta(days=days), time(rules.alert_hour), tzinfo=KST) <= now
    ]
    return min(come, default=None)
