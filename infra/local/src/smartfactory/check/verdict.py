"""What the check says at its end: each claim with how much it looked at, and every finding."""

from rich.console import Console

from smartfactory.console import BAD, GOOD
from smartfactory.season.options import CheckReport


def show_check(check: CheckReport, console: Console) -> None:
    """Every claim with how much it looked at, and whatever does not hold."""
    for claim, count in check.claims.items():
        broken = [finding for finding in check.findings if finding.what == claim]
        mark = BAD if broken or not count else GOOD
        console.print(f"{mark} {claim:<20}{count:>7,} checked, {len(broken) or 'no'} fault found", highlight=False)
        for finding in broken:
            console.print(f"    {finding.where}: expected {finding.expected}, found {finding.found}", markup=False)
    verdict = f"{GOOD} 검사 통과 · the check holds" if check.held else f"{BAD} 검사 실패 · the check FAILED"
    console.print(f"{verdict}  [dim]{check.seconds:.1f} s[/]", highlight=False)
