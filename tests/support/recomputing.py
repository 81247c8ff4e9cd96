"""Aggregates worked out again from the raw rows that an auditor may take, by the standard library's own statistics.

Nothing of the service's code is used here: what is valid, in which direction better lies, and how a median is made
stands in this file a second time.
"""

import csv
import io
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import comb
from typing import Any

Row = Mapping[str, str]
_TABLES = {"MUNICIPALITY": "municipality_code", "TRACK": "track", "TYPE": "type_code"}
_LEVEL = Fraction(95, 100)


def rows_of(content: bytes) -> list[Row]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def aggregates_of(rows: list[Row], kpi: str, kind: str) -> Iterator[dict[str, Any]]:
    """Those of one KPI in one kind: of all, and of each value of each table."""
    mine = [row for row in rows if row["kpi"] == kpi]
    yield {"dimension": "TOTAL", "value": None, **_summed(mine, kind)}
    for dimension, column in _TABLES.items():
        for value in sorted({row[column] for row in mine}):
            inside = [row for row in mine if row[column] == value]
            yield {"dimension": dimension, "value": value, **_summed(inside, kind)}


def verdict(row: Row, kind: str) -> tuple[str, Fraction | None]:
    """Why a row does not count, or its improvement."""
    if row["verified"] == "0":
        return ("UNVERIFIED" if row["answered"] == "1" else "NOT_REPORTED"), None
    if not row["baseline_numerator"]:
        return "NO_BASELINE", None
    if {row["baseline_edition"], row["report_edition"]} != {row["edition"]}:
        return "DEFINITION_CHANGED", None
    if row["product_changed"] == "1":
        return "PRODUCT_CHANGED", None
    before = Fraction(int(row["baseline_numerator"]), int(row["baseline_denominator"]))
    after = Fraction(int(row["numerator"]), int(row["denominator"]))
    sign = 1 if row["direction"] == "HIGHER_IS_BETTER" else -1
    if before == 0:
        return ("ZERO_BASELINE", None) if kind == "PERCENT" else ("VALID", sign * (after - before))
    relative = sign * (after / before - 1)
    if abs(relative) > Fraction(int(row["outlier_over_bp"]), 10_000) and row["outlier_checked"] == "0":
        return "OUTLIER", None
    return "VALID", relative if kind == "PERCENT" else sign * (after - before)


def _summed(rows: list[Row], kind: str) -> dict[str, Any]:
    verdicts = [verdict(row, kind) for row in rows]
    valid = sorted(improvement for _, improvement in verdicts if improvement is not None)
    unchanged = [Fraction(0)] * (len(rows) - len(valid))
    quartiles = statistics.quantiles(valid, n=4, method="inclusive") if len(valid) > 1 else valid * 3
    low, high = _interval(valid)
    counting = [row for row in rows if verdict(row, kind)[1] is not None]
    why = Counter(reason for reason, improvement in verdicts if improvement is None)
    return {
        "n_due": len(rows),
        "n_responded": sum(row["answered"] == "1" for row in rows),
        "n_valid": len(valid),
        "median_bp": _bp(statistics.median(valid)) if valid else None,
        "lower_quartile_bp": _bp(quartiles[0]) if valid else None,
        "upper_quartile_bp": _bp(quartiles[2]) if valid else None,
        "interval_low_bp": low,
        "interval_high_bp": high,
        "median_bounded_bp": _bp(statistics.median([*valid, *unchanged])) if rows else None,
        "mean_bp": _bp(statistics.mean(valid)) if valid else None,
        "ratio_of_sums_bp": _ratio_of_sums(counting) if kind == "PERCENT" and counting else None,
        "n_grade_a_or_b": sum(row["grade"] in {"A", "B"} for row in counting),
        "n_baseline_after_agreement": sum(row["baseline_given"] != "FROZEN" for row in counting),
        "silent": dict(Counter(row["silence"] for row in rows if row["silence"] and row["answered"] == "0")),
        "not_valid": dict(why),
    }


def _ratio_of_sums(rows: list[Row]) -> int:
    before = sum(Fraction(int(row["baseline_numerator"]), int(row["baseline_denominator"])) for row in rows)
    after = sum(Fraction(int(row["numerator"]), int(row["denominator"])) for row in rows)
    sign = 1 if rows[0]["direction"] == "HIGHER_IS_BETTER" else -1
    return _bp(Fraction(sign * (after - before), before))


def _interval(valid: list[Fraction]) -> tuple[int | None, int | None]:
    n, found = len(valid), (None, None)
    for depth in range(1, n // 2 + 1):
        inside = Fraction(sum(comb(n, heads) for heads in range(depth, n - depth + 1)), 2**n)
        if inside >= _LEVEL:
            found = (_bp(valid[depth - 1]), _bp(valid[n - depth]))
    return found


def _bp(value: Fraction) -> int:
    scaled = abs(Fraction(value)) * 10_000
    whole = int(scaled) + (scaled - int(scaled) >= Fraction(1, 2))
    return whole if value >= 0 else -whole
