"""What a season needs to run and what it hands back: the seam between the command line and the driver.

`season.driver.run_season(SeasonOptions) -> SeasonReport` plays it, `season.report.show(report, console)` prints it,
`check.audit.run_check(CheckOptions) -> CheckReport` judges it, `check.hashes.table_hashes(urls)` fingerprints it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from rich.console import Console

from smartfactory.scenarios.model import Scenario


@dataclass(frozen=True, slots=True)
class OutsideFirm:
    """What the outside registers (tax office, SME status, debarment) know about one synthetic firm."""

    business_number: str
    corporate_number: str | None
    size_class: str
    """SMALL, MEDIUM, MID_SIZED or LARGE, as the certificate of the SME-status register says (rule R-02)."""
    tax_state: str = "ACTIVE"
    """ACTIVE, SUSPENDED or CLOSED (rule R-05)."""
    tax_arrears: bool = False
    """National or local arrears (rule R-06)."""
    debarred: bool = False
    """On the exclusion list, as an applicant or as a supplier (rules R-10 and R-11)."""


class TokenIssuer(Protocol):
    """The local issuer: a token for one person. Asked again for every few minutes of work, since tokens are short."""

    async def __call__(self, *, subject: str, role: str, tenant: str) -> str:
        """Sign an access token."""


class OutsideRegisters(Protocol):
    """The simulators of outside systems: told once what each firm is, before anybody asks them."""

    async def __call__(self, firms: Sequence[OutsideFirm]) -> None:
        """Make these firms known; telling the same again changes nothing."""


class ProgrammeClock(Protocol):
    """The clock file all processes of the installation read. A replayed season moves it back to where it was."""

    def __call__(self, instant: datetime) -> None:
        """Move programme time to this aware instant, at once and for everybody."""


@dataclass(frozen=True, slots=True)
class SeasonOptions:
    """One season: which year, with which seed, against which running system."""

    origin: str
    """The one origin, as http://127.0.0.1:8080."""
    scenario: Scenario
    issue_token: TokenIssuer
    tell_registers: OutsideRegisters
    move_clock: ProgrammeClock
    seed: int = 1
    concurrency: int = 8
    """Requests under way at once."""
    settle_deadline_seconds: float = 120.0
    """How long funding may take to answer everything before the season gives up."""
    console: Console | None = None


@dataclass(frozen=True, slots=True)
class SignIn:
    """Somebody who can look around afterwards: `smartfactory token --role R --tenant T --subject S`."""

    who: str
    subject: str
    role: str
    tenant: str


@dataclass(frozen=True, slots=True)
class TypeRow:
    """The season's outcome for one type of project."""

    type_code: str
    seats: int
    applied: int
    eligible: int
    selected: int
    """Chosen by the province's decision, promotions not counted."""
    refused: int
    """Funding had no money for them."""
    promoted: int
    """Reserves that took a refused place."""
    confirmed: int
    """Projects that stand: money committed."""
    in_force: int
    """Of these, with an agreement that is signed by all, covered by everybody who pays, and in force."""


@dataclass(frozen=True, slots=True)
class MoneyRow:
    """One confirmed budget line: who funds, how much was confirmed, committed and is left."""

    source: str
    municipality_code: str | None
    confirmed_won: int
    committed_won: int
    left_won: int
    projects: int


@dataclass(frozen=True, slots=True)
class DeadlineRow:
    """The legal deadlines of one kind that still run."""

    kind: str
    open: int
    overdue: int
    first_last_day: str
    days_left: int
    rule: str


@dataclass(frozen=True, slots=True)
class ReleasedRow:
    """What one source has paid so far, and to how many projects."""

    source: str
    projects: int
    payments: int
    paid_won: int


@dataclass(frozen=True, slots=True)
class StandingRow:
    """Where one source's money stands once the books are closed."""

    source: str
    won: Mapping[str, int]
    """By state, under the names of `/metrics/v1/money`."""


@dataclass(frozen=True, slots=True)
class RotaRow:
    """A team's weeks at one firm, accepted by Samsung."""

    team: str
    first_week: str
    weeks: int
    type_code: str
    municipality_code: str


@dataclass(frozen=True, slots=True)
class DoneAtFirms:
    """What all teams of a season did at their firms."""

    residencies_ended: int
    know_how_minutes: int
    """Each mentor's minutes in sessions that the firm confirmed: know-how in kind, and no money."""
    items_found: int
    items_closed: int
    items_rejected: int
    """By the firm."""


@dataclass(frozen=True, slots=True)
class GaugeRow:
    """How many worksites of one municipality stand where."""

    municipality_code: str
    planned: int
    agreed: int
    completed: int
    in_use: int | None
    """Unknown until figures of the time after a completion were verified."""
    withdrawn: int
    terminated: int
    counted: int


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """One KPI's change after completion, over all firms, in basis points; better is positive."""

    kpi: str
    measure: str
    change_kind: str
    n_due: int
    n_responded: int
    n_valid: int
    median_bp: int | None
    lower_quartile_bp: int | None
    upper_quartile_bp: int | None
    median_bounded_bp: int | None
    """As if every firm that is due and silent had stayed as it was."""


@dataclass(frozen=True, slots=True)
class GaugeTable:
    """The gauge of 300 on the season's last day, all tracks together."""

    as_of: str
    target_total: int
    target_year: int
    target_source: str
    alternates: Sequence[str]
    plan_total: int | None
    rule_version: str
    rows: Sequence[GaugeRow]


@dataclass(frozen=True, slots=True)
class SeasonReport:
    """What happened, as the public API tells it. Whether it is true is for the check to say."""

    scenario: str
    track: str
    year: int
    seed: int
    call_id: str
    extra_call_ids: Sequence[str]
    types: Sequence[TypeRow]
    money: Sequence[MoneyRow]
    released: Sequence[ReleasedRow]
    standing: Sequence[StandingRow]
    """Where the season is played to its end."""
    sme_won: int
    """What the firms pay themselves."""
    nominal_burden_bp: int
    """What the firms pay by the rule's rates, in basis points of the cost."""
    deadlines: Sequence[DeadlineRow]
    notices: Mapping[str, int]
    """How many notices there are, by what they tell."""
    rota: Sequence[RotaRow]
    without_team: int
    """Projects in force that no team has weeks for."""
    teams_released: int
    """Projects that had a team until their agreement ended."""
    done_at_firms: DoneAtFirms | None
    """Where the season is played to its end."""
    gauge: GaugeTable | None
    """Where the season is played to its end."""
    outcomes: Sequence[OutcomeRow]
    """The same."""
    sign_ins: Sequence[SignIn]
    addresses: Mapping[str, str]
    """What to look at, by a short name."""
    requests_sent: int
    requests_replayed: int
    """Requests whose answer the services had already given in an earlier run."""
    seconds: float

    @property
    def places(self) -> int:
        """How many projects the call had room for."""
        return sum(row.seats for row in self.types)

    @property
    def public_won(self) -> int:
        """What all sources but the firms have committed."""
        return sum(row.committed_won for row in self.money)

    @property
    def effective_burden_bp(self) -> int:
        """What the firms really pay, caps and rounding included, in basis points of the cost, rounded down."""
        cost_won = self.public_won + self.sme_won
        return self.sme_won * 10_000 // cost_won if cost_won else 0


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """Where the four databases are, with a role that may read every table in them."""

    database_urls: Mapping[str, str]
    """Service name to postgresql:// URL."""
    year: int
    scenario: str | None = None
    told: Sequence[SeasonReport] = ()
    """The tables that were just shown, to be held against the databases."""
    bank_book: Path | None = None
    """What the local bank wrote down, where it can be read: its payments must be ours."""
    settle_seconds: float = 10.0
    """How long what is still on its way may take before it counts as lost."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be."""

    what: str
    """The name of the broken claim, as `event-lost`."""
    where: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Every claim that was tried, with how many things it looked at, and every finding."""

    claims: Mapping[str, int]
    findings: Sequence[Finding]
    seconds: float

    @property
    def held(self) -> bool:
        """True when nothing was found and every claim looked at something."""
        return not self.findings and all(count > 0 for count in self.claims.values())
