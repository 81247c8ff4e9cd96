"""When a table is not handed out: unknown, another role's, asked for by what it does not know, too long or too many."""

from common.errors import InvalidInput, NotFound, NotPermitted, RuleRefused, Text, TooOften


class ExportTableUnknown(NotFound):
    """There is no table of this name."""

    code = "export-table-unknown"
    title = Text("그런 표가 없습니다", "No such table")
    detail = Text(
        "내려받을 수 있는 표는 {known}입니다. 기록된 것은 없습니다.",
        "The tables to save are {known}. Nothing was recorded.",
    )


class ExportTableNotYours(NotPermitted):
    """The table is for other roles."""

    code = "export-table-not-yours"
    title = Text("내려받을 수 없는 표", "This table is for other roles")
    detail = Text(
        "이 표는 {readers}만 내려받을 수 있습니다. 기록된 것은 없습니다.",
        "Only {readers} may save this table. Nothing was recorded.",
    )


class ExportFilterUnused(InvalidInput):
    """A filter was given that this table does not know: passed over, it would look as if it had counted."""

    code = "export-filter-unused"
    title = Text("이 표에 없는 조건", "This table does not know the filter")
    detail = Text(
        "이 표는 {filters} 조건을 모릅니다. 쓸 수 있는 조건은 {known}입니다.",
        "This table does not know {filters}. Its filters are {known}.",
    )


class ExportFilterMissing(InvalidInput):
    """The table is of one thing, and nobody said of which."""

    code = "export-filter-missing"
    title = Text("빠진 조건", "A filter is missing")
    detail = Text("이 표에는 {filters} 조건이 필요합니다.", "This table needs {filters}.")


class ExportTooLong(RuleRefused):
    """A workbook of so many rows is not made."""

    code = "export-too-long"
    title = Text("너무 긴 표", "Too many rows for a workbook")
    detail = Text(
        "XLSX는 {most}줄까지입니다. CSV(format=csv)로 받거나 조건을 좁혀 주세요. 기록된 것은 없습니다.",
        "A workbook has {most} rows at most. Take it as CSV (format=csv), or narrow it. Nothing was recorded.",
    )


class ExportsBusy(TooOften):
    """A process makes so many files at once."""

    code = "exports-busy"
    title = Text("다른 파일을 만드는 중", "Other files are being made")
    detail = Text(
        "한 번에 {most}개까지 만듭니다. {retry_after_seconds}초 뒤에 다시 요청해 주세요. 기록된 것은 없습니다.",
        "{most} are made at once. Ask again in {retry_after_seconds} s. Nothing was recorded.",
    )
