"""Aggregates worked out a third time, by another engine, from the file that the province and the auditor may save.

Nothing of the service's code is used here. Every figure is a floating-point number of basis points that is not rounded:
whoever compares asks whether the published whole number is the nearest to it.
"""

import io
from collections.abc import Iterator
from math import comb
from typing import Any

import polars as pl

_WHOLE = (
    "edition", "outlier_over_bp", "answered", "verified", "baseline_edition", "baseline_numerator",
    "baseline_denominator", "report_edition", "numerator", "denominator", "product_changed", "outlier_checked",
)  # fmt: skip
_TABLES = {"MUNICIPALITY": "municipality_code", "TRACK": "track", "TYPE": "type_code"}
_LEVEL = 0.95


def read(content: bytes) -> pl.DataFrame:
    """The file by the names of its columns, whole numbers as such and an empty cell as nothing."""
    table = pl.read_csv(io.BytesIO(content), infer_schema=False)
    empty = pl.all().replace("", None)
    return table.with_columns(empty).with_columns(pl.col(name).cast(pl.Int64) for name in _WHOLE)


def judged(table: pl.DataFrame, kind: str) -> pl.DataFrame:
    """The same with each row's improvement in basis points, and nothing where it does not count."""
    before = pl.col("baseline_numerator") / pl.col("baseline_denominator")
    after = pl.col("numerator") / pl.col("denominator")
    sign = pl.when(pl.col("direction") == "HIGHER_IS_BETTER").then(1).otherwise(-1)
    # In whole numbers: how far it moved against how far it may, over the same denominator.
    moved = (
        pl.col("numerator") * pl.col("baseline_denominator") - pl.col("denominator") * pl.col("baseline_numerator")
    ).abs() * 10_000
    allowed = pl.col("outlier_over_bp") * pl.col("denominator") * pl.col("baseline_numerator")
    same = (pl.col("baseline_edition") == pl.col("edition")) & (pl.col("report_edition") == pl.col("edition"))
    nothing_before = pl.col("baseline_numerator") == 0
    known = (~nothing_before & ((moved <= allowed) | (pl.col("outlier_checked") == 1))) | (
        nothing_before if kind == "POINTS" else pl.lit(value=False)
    )
    counts = (
        (pl.col("verified") == 1)
        & pl.col("baseline_numerator").is_not_null()
        & same
        & (pl.col("product_changed") == 0)
        & known
    )
    gain = sign * (after / before - 1) if kind == "PERCENT" else sign * (after - before)
    return table.with_columns(pl.when(counts.fill_null(value=False)).then(gain * 10_000).alias("gain"))


def aggregates_of(table: pl.DataFrame, kpi: str, kind: str) -> Iterator[dict[str, Any]]:
    """Those of one KPI in one kind: of all, and of each value of each table."""
    mine = judged(table.filter(pl.col("kpi") == kpi), kind)
    yield {"dimension": "TOTAL", "value": None, **_summed(mine)}
    for dimension, column in _TABLES.items():
        for (value,), inside in mine.group_by([column], maintain_order=True):
            yield {"dimension": dimension, "value": value, **_summed(inside)}


def _summed(table: pl.DataFrame) -> dict[str, Any]:
    gain = pl.col("gain")
    (found,) = table.select(
        pl.len().alias("n_due"),
        pl.col("answered").sum().alias("n_responded"),
        gain.count().alias("n_valid"),
        gain.median().alias("median_bp"),
        gain.quantile(0.25, interpolation="linear").alias("lower_quartile_bp"),
        gain.quantile(0.75, interpolation="linear").alias("upper_quartile_bp"),
        gain.fill_null(0).median().alias("median_bounded_bp"),
    ).to_dicts()
    ordered = table["gain"].drop_nulls().sort()
    depth = _depth(len(ordered))
    found["interval_low_bp"] = ordered[depth - 1] if depth else None
    found["interval_high_bp"] = ordered[len(ordered) - depth] if depth else None
    return found


def _depth(n: int) -> int:
    """How many values from each end the narrowest interval of order statistics is that holds the median so often."""
    deep = [
        depth for depth in range(1, n // 2 + 1) if sum(comb(n, k) for k in range(depth, n - depth + 1)) / 2**n >= _LEVEL
    ]
    return max(deep, default=0)
