"""What a season came to, as the public API tells it, and as a person reads it."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from contracts.types import MUNICIPALITIES
from smartfactory.scenarios.model import ASSUMED, Scenario, for_season, provenance
from smartfactory.season import people
from smartfactory.season.options import MoneyRow, SeasonReport, SignIn, TypeRow
from smartfactory.season.origin import Json, Person
from smartfactory.season.stage import Stage

_MILLION = 1_000_000
_TOWN = {str(municipality.code): f"{municipality.ko} {municipality.en}" for municipality in MUNICIPALITIES}


async def gather(stage: Stage, call_id: str, projects: Sequence[Json], *, seconds: float) -> SeasonReport:
    """Read the outcome of a settled season."""
    progress = await stage.origin.get(people.AUDITOR, f"/metrics/v1/calls/{call_id}/progress")
    return SeasonReport(
        scenario=stage.scenario.name,
        year=stage.options.year,
        seed=stage.options.seed,
        call_id=call_id,
        types=[_type_row(type_code, progress["cases"], projects) for type_code in stage.scenario.types],
        money=[MoneyRow(**row) for row in progress["money"]],
        sme_won=progress["sme_won"],
        sign_ins=list(_sign_ins(stage)),
        addresses=_addresses(stage.options.origin, call_id),
        requests_sent=stage.origin.sent,
        requests_replayed=stage.origin.replayed,
        seconds=seconds,
    )


def show(report: SeasonReport, console: Console) -> None:
    """Print the tables, who can sign in, and where to look."""
    console.print(_types(report))
    console.print(_money(report))
    console.print(_people(report))
    looking = Table("보기 Look at", "주소 Address", title=None)
    for what, address in report.addresses.items():
        looking.add_row(what, address)
    console.print(looking)
    console.print(_sources(for_season(report.scenario, report.year)), highlight=False)
    console.print(
        f"{report.requests_sent} requests, {report.requests_replayed} of them replayed, in {report.seconds:.1f} s",
        highlight=False,
    )


def _type_row(type_code: str, cases: Sequence[Json], projects: Sequence[Json]) -> TypeRow:
    rows = [row for row in cases if row["type_code"] == type_code]
    own = [project for project in projects if project["type_code"] == type_code]
    return TypeRow(
        type_code=type_code,
        seats=sum(row["seats"] for row in rows),
        applied=sum(row["applied"] for row in rows),
        eligible=sum(row["eligible"] for row in rows),
        selected=sum(not project["promoted"] for project in own),
        refused=sum(project["state"] == "NOT_FUNDED" for project in own),
        promoted=sum(project["promoted"] for project in own),
        confirmed=sum(project["state"] == "CONFIRMED" for project in own),
    )


def _sign_ins(stage: Stage) -> Iterator[SignIn]:
    codes = list(stage.scenario.budgets.municipality_confirmed_won.value)
    firms = [application.firm for application in stage.cast.applications]
    panel = people.panels(stage.scenario)[0]
    shown = [
        people.PROVINCE_OFFICER,
        people.PROVINCE_APPROVER,
        people.PROVINCE_TREASURER,
        people.OPERATOR,
        people.AUDITOR,
        *(people.municipality_officer(code) for code in codes),
        people.municipality_approver(codes[0]),
        panel.members[0],
        people.company_owner(firms[0]),
    ]
    yield from (_sign_in(person) for person in shown)


def _sign_in(person: Person) -> SignIn:
    return SignIn(person.who, person.subject, str(person.role), person.tenant)


def _addresses(origin: str, call_id: str) -> dict[str, str]:
    return {
        "공고 The call": f"{origin}/applicant/v1/calls/{call_id}",
        "과제 Projects": f"{origin}/applicant/v1/projects?call_id={call_id}",
        "예산 Budget lines": f"{origin}/funding/v1/budget-lines",
        "현황 Progress": f"{origin}/metrics/v1/calls/{call_id}/progress",
        "공개 현황 Public progress": f"{origin}/metrics/v1/public/calls/{call_id}/progress",
        "멘토 대기 Waiting for mentors": f"{origin}/mentoring/v1/waiting-projects",
        **{f"API {name}": f"{origin}/{name}/docs" for name in ("applicant", "funding", "mentoring", "metrics")},
    }


def _types(report: SeasonReport) -> Table:
    table = Table(title=f"{report.scenario}, seed {report.seed}", show_footer=True)
    totals = [sum(getattr(row, name) for row in report.types) for name in TypeRow.__slots__[1:]]
    heads = (
        "자리 seats",
        "신청 applied",
        "적격 eligible",
        "선정 selected",
        "거절 refused",
        "승계 promoted",
        "확정 confirmed",
    )
    table.add_column("유형 type", footer="합계 total")
    for head, total in zip(heads, totals, strict=True):
        table.add_column(head, footer=str(total), justify="right")
    for row in report.types:
        table.add_row(row.type_code, *(str(getattr(row, name)) for name in TypeRow.__slots__[1:]))
    return table


def _money(report: SeasonReport) -> Table:
    table = Table(title="재원별 금액 Money by source and municipality (won)")
    for head in ("재원 source", "시·군 municipality"):
        table.add_column(head)
    for head in ("과제 projects", "예산 confirmed", "확정 committed", "잔액 left"):
        table.add_column(head, justify="right")
    for row in report.money:
        table.add_row(
            row.source,
            _TOWN.get(row.municipality_code or "", ""),
            str(row.projects),
            f"{row.confirmed_won:,}",
            f"{row.committed_won:,}",
            f"{row.left_won:,}",
        )
    table.add_section()
    left = sum(row.left_won for row in report.money)
    committed = sum(row.committed_won for row in report.money)
    confirmed = sum(row.confirmed_won for row in report.money)
    table.add_row("SME", "기업 부담 the firms' own", "", "", f"{report.sme_won:,}", "")
    table.add_row("합계 public", "", "", f"{confirmed:,}", f"{committed:,}", f"{left:,}")
    return table


def _people(report: SeasonReport) -> Table:
    table = Table("누구 Who", "토큰 Token", title="로그인 Sign in")
    for person in report.sign_ins:
        tenant = f" --tenant {person.tenant}" if person.tenant else ""
        table.add_row(person.who, f"smartfactory token --role {person.role}{tenant} --subject {person.subject}")
    return table


def _sources(scenario: Scenario) -> str:
    values = list(provenance(scenario))
    assumed = [value.path for value in values if value.source == ASSUMED]
    named = len(values) - len(assumed)
    return f"{named} of {len(values)} values have a source; assumed: {', '.join(assumed)}"
