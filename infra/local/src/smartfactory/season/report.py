"""What a season came to, as the public API tells it, and as a person reads it."""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from contracts.types import MUNICIPALITIES
from smartfactory.scenarios.model import ASSUMED, Scenario, load, provenance
from smartfactory.season import gauge_table, outcome_table, people
from smartfactory.season.comparison import side_by_side
from smartfactory.season.mentoring import Rota
from smartfactory.season.options import (
    DeadlineRow,
    MoneyRow,
    OutcomeRow,
    ReleasedRow,
    SeasonReport,
    SignIn,
    StandingRow,
    TypeRow,
)
from smartfactory.season.origin import Json, Person
from smartfactory.season.stage import Stage

_PLAIN_WIDTH = 132
_MINUTES_AN_HOUR = 60
_TYPE_HEADS = (
    "자리\nseats",
    "신청\napplied",
    "적격\neligible",
    "선정\nselected",
    "거절\nrefused",
    "승계\npromoted",
    "확정\nconfirmed",
    "협약\nin force",
)
_STATES = {
    "budgeted_won": "편성 budgeted",
    "left_won": "잔액 left",
    "committed_won": "확정 committed",
    "under_way_won": "지급 중 under way",
    "paid_won": "지급 paid",
    "carried_over_won": "이월 carried over",
    "lapsed_won": "불용 lapsed",
    "settled_won": "정산 settled",
    "refund_due_won": "반납 예정 to be refunded",
    "refunded_won": "반납 refunded",
    "recovery_due_won": "환수 예정 to be clawed back",
    "recovered_won": "환수 clawed back",
    "interest_won": "이자 interest",
}
_SOURCE_KO = {"NATIONAL": "국비 National", "PROVINCE": "도비 Province", "SAMSUNG": "삼성 Samsung"}
_TOWN = {str(municipality.code): f"{municipality.ko} {municipality.en}" for municipality in MUNICIPALITIES}


async def gather(
    stage: Stage,
    call_ids: Sequence[str],
    projects: Sequence[Json],
    in_force: Collection[str],
    releases: Sequence[Json],
    rota: Rota,
    gauge: Json | None,
    outcomes: Sequence[OutcomeRow],
    standing: Sequence[StandingRow],
    *,
    seconds: float,
) -> SeasonReport:
    """Read the outcome of a settled season."""
    told = [await stage.origin.get(people.AUDITOR, f"/metrics/v1/calls/{each}/progress") for each in call_ids]
    return SeasonReport(
        scenario=stage.scenario.name,
        track=stage.scenario.call.track.value,
        year=stage.scenario.call.fiscal_year.value,
        seed=stage.options.seed,
        call_id=call_ids[0],
        extra_call_ids=call_ids[1:],
        types=[_type_row(type_code, told, projects, in_force) for type_code in stage.scenario.types],
        money=[MoneyRow(**row) for row in told[0]["money"]],
        released=_released(releases),
        standing=standing,
        sme_won=sum(progress["sme_won"] for progress in told),
        nominal_burden_bp=10_000 - sum(stage.scenario.split.rates_bp.value.values()),
        deadlines=await _deadline_rows(stage.origin.each(people.AUDITOR, "/applicant/v1/deadlines")),
        notices=await _by_kind(stage.origin.each(people.AUDITOR, "/applicant/v1/notices"))
        + await _by_kind(stage.origin.each(people.AUDITOR, "/applicant/v1/office-notices", kind="MONEY_LAPSES")),
        rota=rota.rows,
        without_team=rota.left_out,
        teams_released=rota.released,
        done_at_firms=rota.done,
        gauge=None if gauge is None else gauge_table.of(gauge),
        outcomes=outcomes,
        sign_ins=list(_sign_ins(stage)),
        addresses=_addresses(stage.options.origin, call_ids[0], stage.scenario.call.fiscal_year.value),
        requests_sent=stage.origin.sent,
        requests_replayed=stage.origin.replayed,
        seconds=seconds,
    )


def show(reports: Sequence[SeasonReport], console: Console) -> None:
    """Print every season's tables, what they come to side by side, and for the last who can sign in and where to look.

    Nothing is cut off where the output is not a terminal.
    """
    wide = console if console.is_terminal else Console(file=console.file, width=_PLAIN_WIDTH)
    for report in reports:
        wide.print(_types(report))
        wide.print(_money(report))
        wide.print(_paid(report))
        if report.standing:
            wide.print(_standing(report))
    if len(reports) > 1:
        wide.print(side_by_side(reports))
    wide.print(_rota(reports[-1]))
    wide.print(_deadlines(reports[-1]))
    if reports[-1].gauge is not None:
        wide.print(gauge_table.table(reports[-1].gauge))
    if reports[-1].outcomes:
        wide.print(outcome_table.table(reports[-1].outcomes))
    wide.print(_people(reports[-1]))
    for what, address in reports[-1].addresses.items():
        console.print(f"{what:<24} {address}", highlight=False, soft_wrap=True)
    for report in reports:
        console.print(f"{report.scenario}:", highlight=False, style="dim")
        for line in _sources(load(report.scenario)):
            console.print(f"  {line}", highlight=False, style="dim", markup=False)
    sent, replayed = (sum(getattr(each, name) for each in reports) for name in ("requests_sent", "requests_replayed"))
    seconds = sum(report.seconds for report in reports)
    console.print(f"{sent} requests, {replayed} of them replayed, in {seconds:.1f} s", highlight=False)


def _type_row(type_code: str, told: Sequence[Json], projects: Sequence[Json], in_force: Collection[str]) -> TypeRow:
    rows = [row for progress in told for row in progress["cases"] if row["type_code"] == type_code]
    own = [project for project in projects if project["type_code"] == type_code]
    return TypeRow(
        type_code=type_code,
        # An extra call offers again what the first had no plan for: its seats are no further ones.
        seats=sum(row["seats"] for row in told[0]["cases"] if row["type_code"] == type_code),
        applied=sum(row["applied"] for row in rows),
        eligible=sum(row["eligible"] for row in rows),
        selected=sum(not project["promoted"] for project in own),
        refused=sum(project["state"] == "NOT_FUNDED" for project in own),
        promoted=sum(project["promoted"] for project in own),
        confirmed=sum(project["state"] == "CONFIRMED" for project in own),
        in_force=sum(project["id"] in in_force for project in own),
    )


async def _deadline_rows(running: AsyncIterator[Json]) -> list[DeadlineRow]:
    """One row a kind, of the most urgent of its kind: a season has as many deadlines as refused firms."""
    first: dict[str, Json] = {}
    states: Counter[tuple[str, str]] = Counter()
    async for deadline in running:
        first.setdefault(deadline["kind"], deadline)
        states[deadline["kind"], deadline["state"]] += 1
    return [
        DeadlineRow(
            kind=kind,
            open=states[kind, "OPEN"],
            overdue=states[kind, "OVERDUE"],
            first_last_day=found["last_day"],
            days_left=found["days_left"],
            rule=found["rule"],
        )
        for kind, found in first.items()
    ]


async def _by_kind(notices: AsyncIterator[Json]) -> Counter[str]:
    counted: Counter[str] = Counter()
    async for notice in notices:
        counted[notice["kind"]] += 1
    return counted


def _released(releases: Sequence[Json]) -> list[ReleasedRow]:
    paid = [each for each in releases if each["state"] == "POSTED"]
    return [
        ReleasedRow(
            source=source,
            projects=len({each["project_id"] for each in paid if each["source"] == source}),
            payments=sum(each["source"] == source for each in paid),
            paid_won=sum(each["amount_won"] for each in paid if each["source"] == source),
        )
        for source in sorted({each["source"] for each in paid})
    ]


def _sign_ins(stage: Stage) -> Iterator[SignIn]:
    codes = list(stage.scenario.budgets.municipality_confirmed_won.value)
    firms = [application.firm for application in stage.cast.applications]
    panel = people.panels(stage.scenario)[0]
    shown = [
        people.PROVINCE_OFFICER,
        people.PROVINCE_APPROVER,
        people.SECOND_PROVINCE_APPROVER,
        people.PROVINCE_TREASURER,
        people.OPERATOR,
        people.MENTOR_LEAD,
        people.SAMSUNG,
        people.AUDITOR,
        *(people.municipality_officer(code) for code in codes),
        *(people.municipality_approver(code) for code in codes[:1]),
        panel.members[0],
        people.company_owner(firms[0]),
    ]
    yield from (_sign_in(person) for person in shown)


def _sign_in(person: Person) -> SignIn:
    return SignIn(person.who, person.subject, str(person.role), person.tenant)


def _addresses(origin: str, call_id: str, fiscal_year: int) -> dict[str, str]:
    return {
        "공고 The call": f"{origin}/applicant/v1/calls/{call_id}",
        "과제 Projects": f"{origin}/applicant/v1/projects?call_id={call_id}",
        "예산 Budget lines": f"{origin}/funding/v1/budget-lines",
        "300개 목표 The gauge": f"{origin}/metrics/v1/gauge",
        "성과 Outcomes": f"{origin}/metrics/v1/outcomes",
        "재원 현황 Money": f"{origin}/metrics/v1/money?fiscal_year={fiscal_year}",
        "현황 Progress": f"{origin}/metrics/v1/calls/{call_id}/progress",
        "공개 현황 Public progress": f"{origin}/metrics/v1/public/calls/{call_id}/progress",
        "멘토 상주 Residencies": f"{origin}/mentoring/v1/residencies",
        "멘토 대기 Waiting for mentors": f"{origin}/mentoring/v1/waiting-projects",
        **{f"API {name}": f"{origin}/{name}/docs" for name in ("applicant", "funding", "mentoring", "metrics")},
    }


def _types(report: SeasonReport) -> Table:
    table = Table(
        title=f"{report.scenario}, seed {report.seed}", show_footer=True, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    totals = [sum(getattr(row, name) for row in report.types) for name in TypeRow.__slots__[1:]]
    table.add_column("유형\ntype", footer="합계 total")
    for head, total in zip(_TYPE_HEADS, totals, strict=True):
        table.add_column(head, footer=str(total), justify="right")
    for row in report.types:
        table.add_row(row.type_code, *(str(getattr(row, name)) for name in TypeRow.__slots__[1:]))
    return table


def _money(report: SeasonReport) -> Table:
    table = Table(title="재원별 금액 Money by source and municipality (won)", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("재원\nsource", no_wrap=True)
    for head in ("과제\nprojects", "예산\nconfirmed", "확정\ncommitted", "잔액\nleft"):
        table.add_column(head, justify="right", no_wrap=True)
    for row in report.money:
        source = _TOWN[row.municipality_code] if row.municipality_code else _SOURCE_KO[row.source]
        won = (f"{amount:,}" for amount in (row.confirmed_won, row.committed_won, row.left_won))
        table.add_row(source, str(row.projects), *won)
    table.add_section()
    sums = (sum(getattr(row, name) for row in report.money) for name in ("confirmed_won", "committed_won", "left_won"))
    table.add_row("합계 public money", "", *(f"{total:,}" for total in sums))
    table.add_row("기업 부담 SME", "", "", f"{report.sme_won:,}", "")
    return table


def _deadlines(report: SeasonReport) -> Table:
    told = ", ".join(f"{kind} {count}" for kind, count in sorted(report.notices.items()))
    table = Table(
        title="진행 중인 법정 기한 Open legal deadlines", caption=f"통지 notices: {told}", box=box.SIMPLE_HEAD
    )
    table.add_column("기한\ndeadline", no_wrap=True)
    for head in ("진행\nopen", "경과\noverdue", "첫 마감일\nfirst last day", "남은 날\ndays left"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("근거 rule", overflow="fold")
    for row in report.deadlines:
        table.add_row(row.kind, str(row.open), str(row.overdue), row.first_last_day, str(row.days_left), row.rule)
    return table


def _paid(report: SeasonReport) -> Table:
    table = Table(title="첫 지급 First money released (won)", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("재원\nsource", no_wrap=True)
    for head in ("과제\nprojects", "지급\npayments", "지급액\npaid"):
        table.add_column(head, justify="right", no_wrap=True)
    for row in report.released:
        source = _SOURCE_KO.get(row.source, "시·군비 Municipalities")
        table.add_row(source, str(row.projects), str(row.payments), f"{row.paid_won:,}")
    table.add_section()
    table.add_row("합계 paid", "", "", f"{sum(row.paid_won for row in report.released):,}")
    return table


def _standing(report: SeasonReport) -> Table:
    title = "정산 Closed books: money by source and state (won)"
    table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("상태\nstate", no_wrap=True)
    for row in report.standing:
        source = _SOURCE_KO.get(row.source, "시·군비 Municipalities")
        table.add_column(source.replace(" ", "\n"), justify="right", no_wrap=True)
    table.add_column("합계\ntotal", justify="right", no_wrap=True)
    for name, state in _STATES.items():
        amounts = [row.won[name] for row in report.standing]
        table.add_row(state, *(f"{won:,}" for won in (*amounts, sum(amounts))))
    return table


def _rota(report: SeasonReport) -> Table:
    table = Table(title="멘토 상주 일정 Mentor rota", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for head in ("팀\nteam", "시작\nfrom", "주\nweeks", "유형\ntype", "시·군\nmunicipality"):
        table.add_column(head, no_wrap=True)
    for row in report.rota:
        table.add_row(row.team, row.first_week, str(row.weeks), row.type_code, _TOWN[row.municipality_code])
    table.add_section()
    table.add_row("합계 weeks", "", str(sum(row.weeks for row in report.rota)), str(len(report.rota)), "")
    table.add_row("미배정 without", "", "", str(report.without_team), "")
    table.add_row("협약 해지 released", "", "", str(report.teams_released), "")
    if (done := report.done_at_firms) is not None:
        for head, count in (
            ("상주 종료 ended", done.residencies_ended),
            ("노하우 시간 know-how hours", done.know_how_minutes // _MINUTES_AN_HOUR),
            ("개선 발굴 improvements found", done.items_found),
            ("개선 완료 closed", done.items_closed),
            ("개선 제외 rejected", done.items_rejected),
        ):
            table.add_row(head, "", "", f"{count:,}", "")
    return table


def _people(report: SeasonReport) -> Table:
    table = Table(title="로그인 Sign in: smartfactory token ...", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("누구 who", no_wrap=True)
    table.add_column("토큰 token", overflow="fold")
    for person in report.sign_ins:
        table.add_row(person.who, f"--role {person.role} --tenant {person.tenant} --subject {person.subject}")
    return table


def _sources(scenario: Scenario) -> Iterator[str]:
    """Which values of the scenario rest on which source, and which on nobody's word; of an extra call only its own."""
    by_source: dict[str, list[str]] = {}
    own = {each.path: each for each in provenance(scenario)}
    for value in own.values():
        by_source.setdefault(value.source, []).append(value.path)
    for value in provenance(load(scenario.extra_call.value)) if scenario.extra_call else ():
        if own.get(value.path) != value:
            by_source.setdefault(value.source, []).append(f"extra_call.{value.path}")
    for source in sorted(by_source, key=lambda source: (source == ASSUMED, source)):
        yield f"{source}: {', '.join(by_source[source])}"
