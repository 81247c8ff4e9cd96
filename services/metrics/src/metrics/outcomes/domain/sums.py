"""What the firms of a wave add up to, kept for those that no table tells apart: however many firms, few such groups.

Firms are added some at a time and are not kept: of each only its improvement is, where it counts.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain

from metrics.outcomes.domain.changes import BaselineGiven, Case, Standing, baseline_given, changes_of
from metrics.outcomes.domain.definitions import ChangeKind, Kpi, OutcomeRules
from metrics.outcomes.domain.disclosure import TOTAL, Cell, Member
from metrics.outcomes.domain.reports import Grade, Silence
from metrics.outcomes.domain.spread import Ordered, in_order

Cells = tuple[Cell, ...]
"""A firm's cell in each table."""


@dataclass(slots=True)
class Sums:
    """Firms in one KPI's change of one kind. What stands below `improvements` is kept in full sums only."""

    due: int = 0
    responded: int = 0
    improvements: list[Fraction] = field(default_factory=list)
    gains: list[Fraction] = field(default_factory=list)
    before: list[Fraction] = field(default_factory=list)
    grade_a_or_b: int = 0
    baseline_after_agreement: int = 0
    not_valid: Counter[Standing] = field(default_factory=Counter)
    silent: Counter[Silence] = field(default_factory=Counter)
    _ordered: list[Ordered] | None = None

    @property
    def ordered(self) -> list[Ordered]:
        """The improvements from the least on."""
        if self._ordered is None or len(self._ordered) != len(self.improvements):
            self._ordered = in_order(self.improvements)
        return self._ordered

    @classmethod
    def of(cls, several: Sequence["Sums"]) -> "Sums":
        """All of these together."""
        # Each is in order, so this is a merge.
        whole = cls(_ordered=sorted(chain.from_iterable(each.ordered for each in several)))
        for each in several:
            whole.due += each.due
            whole.responded += each.responded
            whole.improvements += each.improvements
            whole.gains += each.gains
            whole.before += each.before
            whole.grade_a_or_b += each.grade_a_or_b
            whole.baseline_after_agreement += each.baseline_after_agreement
            whole.not_valid += each.not_valid
            whole.silent += each.silent
        return whole


class WaveSums:
    """A wave by the rules of its day: each KPI in each kind, by the cells that firms are in."""

    def __init__(self, rules: OutcomeRules, *, in_full: bool) -> None:
        self.rules = rules
        self._in_full = in_full
        self._alike: dict[Cells, dict[tuple[str, ChangeKind], Sums]] = {}

    @property
    def cells(self) -> set[Cell]:
        """Every cell of every table with a firm in it."""
        return {cell for cells in self._alike for cell in cells}

    def add(self, cases: Iterable[Case], versions: Mapping[str, OutcomeRules]) -> None:
        """Add these firms, all of which are due."""
        for case in cases:
            sums = self._alike.setdefault(_cells_of(case), {})
            for kpi in self.rules.kpis:
                self._add(sums, case, kpi, versions)

    def within(self, kpi: Kpi, kind: ChangeKind, cell: Cell) -> Sums:
        """All firms of one cell."""
        inside = (sums for cells, sums in self._alike.items() if cell == TOTAL or cell in cells)
        return Sums.of([sums[kpi.code, kind] for sums in inside])

    def members(self, counts: Callable[[Sequence[Sums]], tuple[int, ...]], kpi: Kpi | None = None) -> list[Member]:
        """Firms that are in the same cells as one member each, with the counts of one KPI in all its kinds."""
        asked = kpi or self.rules.kpis[0]
        return [
            Member(cells, counts([sums[asked.code, kind] for kind in asked.change_kinds]))
            for cells, sums in self._alike.items()
        ]

    def _add(
        self, alike: dict[tuple[str, ChangeKind], Sums], case: Case, kpi: Kpi, versions: Mapping[str, OutcomeRules]
    ) -> None:
        answered, changes = changes_of(case, kpi, versions)
        for kind, change in changes.items():
            sums = alike.get((kpi.code, kind))
            if sums is None:
                sums = alike[kpi.code, kind] = Sums()
            sums.due += 1
            sums.responded += answered
            if change.improvement is not None:
                sums.improvements.append(change.improvement)
            if not self._in_full:
                continue
            if case.silence and not answered:
                sums.silent[case.silence] += 1
            if change.improvement is None:
                sums.not_valid[change.standing] += 1
                continue
            if change.before is not None and kind is ChangeKind.PERCENT:
                sums.before.append(change.before)
                sums.gains.append(change.improvement * change.before)
            figure = case.report.figure(kpi.code) if case.report else None
            sums.grade_a_or_b += figure is not None and figure.grade in {Grade.A, Grade.B}
            sums.baseline_after_agreement += baseline_given(case) not in {None, BaselineGiven.FROZEN}


def _cells_of(case: Case) -> Cells:
    project = case.project
    return (
        ("MUNICIPALITY", project.municipality_code),
        ("TRACK", project.track or "?"),
        ("TYPE", project.type_code),
    )
