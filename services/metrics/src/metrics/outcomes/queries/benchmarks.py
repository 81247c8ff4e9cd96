"""What others published beside what our firms report: percent with percent, points with points, caveats with both."""

from datetime import date, datetime

from common.errors import NotFound, Text
from common.web import View
from metrics.outcomes import store
from metrics.outcomes.domain.definitions import Benchmarks, ChangeKind, Comparator, FigureUnit, Measure, Wave, WaveAfter
from metrics.outcomes.domain.waves import day_of
from metrics.outcomes.queries.aggregates import Dimension, PublicAggregate
from metrics.outcomes.queries.published import Published


class NoBenchmarks(NotFound):
    """Nothing is compared on a day before the first version."""

    code = "benchmarks-not-in-force"
    title = Text("그날의 비교 자료가 없습니다", "No benchmarks on that day")
    detail = Text("{on}에 적용되는 비교 자료가 없습니다.", "No benchmarks are in force on {on}.")


class CaveatView(View):
    """One reason to read a publisher's figures with care."""

    ko: str
    en: str


class ComparatorView(View):
    """Who published, of how many firms (null where that is not known), how, and with which caveats."""

    code: str
    n: int | None
    ko: str
    en: str
    method: str
    source: str
    caveats: list[CaveatView]


class TheirFigureView(View):
    """One published improvement, positive where it is better; `as_published` has the publisher's own sign."""

    comparator: str
    as_published: str
    improvement_bp: int


class InOneUnit(View):
    """Ours and theirs that are told in the same unit, and may stand beside each other."""

    ours: list[PublicAggregate]
    theirs: list[TheirFigureView]


class MeasurePanel(View):
    """One measure. What is of an unknown unit stands apart: it is compared with nothing."""

    measure: Measure
    percent: InOneUnit
    points: InOneUnit
    unit_unknown: list[TheirFigureView]


class BenchmarkPanel(View):
    """The comparators and, measure by measure, the figures."""

    wave: Wave
    as_of: date
    version: str
    note: str
    note_ko: str
    note_en: str
    suppressed_below: int
    comparators: list[ComparatorView]
    measures: list[MeasurePanel]


async def read_benchmarks_after(publications: Published, wave: WaveAfter, *, now: datetime) -> BenchmarkPanel:
    """For a later feature: the panel of a wave after the completion; raises NoBenchmarks."""
    return await read_benchmarks(publications, Wave(wave.value), now=now)


async def read_benchmarks(publications: Published, wave: Wave, *, now: datetime) -> BenchmarkPanel:
    """Our published totals of a wave beside theirs; raises NoBenchmarks."""
    benchmarks = store.benchmarks_in_force(day_of(now))
    if benchmarks is None:
        raise NoBenchmarks(on=day_of(now).isoformat())
    published = (await publications.read(wave, now=now)).outcomes
    ours = [each for each in published.aggregates if each.dimension is Dimension.TOTAL]
    return BenchmarkPanel(
        wave=wave,
        as_of=published.as_of,
        version=benchmarks.version,
        note=benchmarks.note,
        note_ko=benchmarks.note_ko,
        note_en=benchmarks.note_en,
        suppressed_below=published.suppressed_below,
        comparators=[ComparatorView.model_validate(each) for each in benchmarks.comparators],
        measures=[_panel(measure, ours, benchmarks) for measure in Measure],
    )


def _panel(measure: Measure, ours: list[PublicAggregate], benchmarks: Benchmarks) -> MeasurePanel:
    own = [each for each in ours if each.measure is measure]
    theirs = {
        unit: [
            _figure(comparator, figure.as_published, figure.improvement_bp)
            for comparator in benchmarks.comparators
            for figure in comparator.figures
            if figure.measure is measure and figure.unit is unit
        ]
        for unit in FigureUnit
    }
    return MeasurePanel(
        measure=measure,
        percent=InOneUnit(
            ours=[each for each in own if each.change_kind is ChangeKind.PERCENT], theirs=theirs[FigureUnit.PERCENT]
        ),
        points=InOneUnit(
            ours=[each for each in own if each.change_kind is ChangeKind.POINTS], theirs=theirs[FigureUnit.POINTS]
        ),
        unit_unknown=theirs[FigureUnit.UNKNOWN],
    )


def _figure(comparator: Comparator, as_published: str, improvement_bp: int) -> TheirFigureView:
    return TheirFigureView(comparator=comparator.code, as_published=as_published, improvement_bp=improvement_bp)
