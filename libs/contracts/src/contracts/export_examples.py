"""Realistic values for the examples of what is saved as a file, and of the record of who saved it."""

from collections.abc import Mapping

EXPORT_EXAMPLES: Mapping[str, object] = {
    "ExportTable.name": "money",
    "ExportTable.public": False,
    "ExportTable.title_ko": "재원별 집행 현황",
    "ExportTable.title_en": "Public money by source",
    "ExportTable.readers": ["auditor", "municipality.officer", "province.officer", "technopark.operator"],
    "ExportTable.filters": ["fiscal_year", "track"],
    "ExportTable.needs": [],
    "ExportColumn.name": "paid_won",
    "ExportColumn.ko": "지급액 (원)",
    "ExportColumn.en": "Paid (won)",
    "ExportColumn.kind": "NUMBER",
    "ExportRecord.made_for": "2024-07-01T00:00:00Z",
    "ExportRecord.subject": "kim.officer",
    "ExportRecord.role": "province.officer",
    "ExportRecord.tenant": "52",
    "ExportRecord.table_name": "money",
    "ExportRecord.format": "xlsx",
    "ExportRecord.filters": {"fiscal_year": "2024"},
    "ExportRecord.row_count": 84,
    "ExportRecord.sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "ExportRecord.reason": "도의회 업무보고 자료",
    ".table": "money",
    ".reason": "도의회 업무보고 자료",
}
