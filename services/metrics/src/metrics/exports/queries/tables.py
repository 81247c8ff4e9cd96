"""The list of tables that can be saved: a new one is one entry here. Those for everybody are a list of their own."""

from collections.abc import Iterable, Mapping

from common.auth import Principal
from common.saved_tables import Column, Headings
from common.web import View
from metrics.exports.domain import (
    ExportFilterMissing,
    ExportFilterUnused,
    ExportTableNotYours,
    ExportTableUnknown,
)
from metrics.exports.queries.asked import Filters, Table
from metrics.exports.queries.programme import (
    CASES,
    GAUGE,
    MONEY,
    PROGRESS,
    PUBLIC_GAUGE,
    PUBLIC_PROGRESS,
    REPORTS_DUE,
    UNUSED_SEATS,
)
from metrics.exports.queries.results import OUTCOME_ROWS, OUTCOMES, PRACTICES, PUBLIC_OUTCOMES, PUBLIC_PRACTICES

_NONE = "-"


def _named(*tables: Table) -> Mapping[str, Table]:
    return {table.name: table for table in tables}


TABLES = _named(GAUGE, MONEY, CASES, PROGRESS, REPORTS_DUE, UNUSED_SEATS, OUTCOMES, OUTCOME_ROWS, PRACTICES)
PUBLIC_TABLES = _named(PUBLIC_GAUGE, PUBLIC_PROGRESS, PUBLIC_OUTCOMES, PUBLIC_PRACTICES)


class ExportColumn(View):
    """One column: its name as JSON has it, its headings with their units, and what it holds."""

    name: str
    ko: str
    en: str
    kind: str


class ExportTable(View):
    """One table. `readers` are the roles that may save it, empty where everybody may; `needs` must be said."""

    name: str
    public: bool
    title_ko: str
    title_en: str
    readers: list[str]
    filters: list[str]
    needs: list[str]
    columns: list[ExportColumn]


class ExportTables(View):
    """Every table there is."""

    tables: list[ExportTable]


def list_tables() -> ExportTables:
    """All of them, those for everybody first."""
    return ExportTables(tables=[_shown(table) for table in (*PUBLIC_TABLES.values(), *TABLES.values())])


def wanted_table(name: str, filters: Filters, *, by: Principal | None) -> Table:
    """The table of this name, if the caller may have it and its filters fit; those for everybody without a caller."""
    tables = PUBLIC_TABLES if by is None else TABLES
    table = tables.get(name)
    if table is None:
        raise ExportTableUnknown(known=_joined(tables))
    if by is not None and by.role not in table.readers:
        raise ExportTableNotYours(readers=_joined(table.readers))
    if unused := set(filters.given()) - table.filters:
        raise ExportFilterUnused(filters=_joined(unused), known=_joined(table.filters))
    if missing := table.needs - set(filters.given()):
        raise ExportFilterMissing(filters=_joined(missing))
    return table


def _shown(table: Table) -> ExportTable:
    return ExportTable(
        name=table.name,
        public=not table.readers,
        title_ko=table.title.ko,
        title_en=table.title.en,
        readers=sorted(table.readers),
        filters=sorted(table.filters),
        needs=sorted(table.needs),
        columns=[_column(each) for each in table.columns],
    )


def _column(column: Column) -> ExportColumn:
    return ExportColumn(
        name=column.name, ko=column.heading(Headings.KO), en=column.heading(Headings.EN), kind=column.kind.value
    )


def _joined(names: Iterable[str]) -> str:
    return ", ".join(sorted(str(name) for name in names)) or _NONE
