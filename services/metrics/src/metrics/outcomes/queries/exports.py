"""The raw rows behind every aggregate, as a CSV: each due project and KPI with what was said of it, and no verdict.

Whoever recomputes them finds the same figures: what is valid follows from these columns and the definitions.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime
from typing import IO

from common.db import Transaction
from common.sheets import Cell, csv_lines, write_csv
from metrics.outcomes.domain.changes import Case, baseline_given, edition_of
from metrics.outcomes.domain.definitions import Kpi, Wave
from metrics.outcomes.domain.reports import Report
from metrics.outcomes.domain.waves import Window
from metrics.outcomes.queries.cases import WaveOf, due_parts

COLUMNS = (
    "project_id",
    "municipality_code",
    "track",
    "type_code",
    "wave",
    "due_on",
    "kpi",
    "edition",
    "direction",
    "outlier_over_bp",
    "answered",
    "verified",
    "silence",
    "baseline_edition",
    "baseline_numerator",
    "baseline_denominator",
    "baseline_given",
    "report_edition",
    "numerator",
    "denominator",
    "grade",
    "product_changed",
    "outlier_checked",
    "late",
)


async def write_outcome_rows(tx: Transaction, wave: Wave, file: IO[bytes], *, at: datetime) -> int:
    """Write the CSV of one wave as of a moment, some firms at a time; returns how many rows it has."""
    await asyncio.to_thread(file.write, write_csv([COLUMNS]))
    count = 0
    async for found in due_parts(tx, wave, at=at):
        rows = _rows(found)
        count += len(rows)
        await asyncio.to_thread(lambda written: file.write(csv_lines(written)), rows)
    return count


async def outcome_row_parts(tx: Transaction, wave: Wave, *, at: datetime) -> AsyncIterator[list[Mapping[str, Cell]]]:
    """The same rows by the names of their columns, in parts: for a file that is larger than memory should be."""
    async for found in due_parts(tx, wave, at=at):
        yield [dict(zip(COLUMNS, row, strict=True)) for row in _rows(found)]


def _rows(found: WaveOf) -> list[list[Cell]]:
    return [list(_row(found, case, window, kpi)) for case, window in found.cases for kpi in found.kpis]


def _row(found: WaveOf, case: Case, window: Window, kpi: Kpi) -> Iterator[Cell]:
    project, report, baseline = case.project, case.report, case.baseline
    given = baseline_given(case)
    before, after = _figure(baseline, kpi), _figure(report, kpi)
    yield from (str(project.project_id), project.municipality_code, project.track, project.type_code)
    yield from (found.wave.value, window.due_on.isoformat(), kpi.code, kpi.edition, kpi.direction.value)
    yield from (kpi.outlier_over_bp, int(case.answered(kpi.code)), int(after is not None))
    yield case.silence.value if case.silence else None
    yield from (edition_of(baseline, kpi, found.versions), *(before or (None, None)))
    yield given.value if given else None
    yield from (edition_of(report, kpi, found.versions), *(after or (None, None)))
    told = report.figure(kpi.code) if report else None
    yield told.grade.value if told else None
    yield int(report.product_changed) if report else None
    yield int(kpi.code in report.checked_outliers) if report else None
    yield int(case.reports[0].reported_at >= window.due_at) if case.reports else None


def _figure(report: Report | None, kpi: Kpi) -> tuple[int, int] | None:
    told = report.figure(kpi.code) if report else None
    return (told.numerator, told.denominator) if told else None
