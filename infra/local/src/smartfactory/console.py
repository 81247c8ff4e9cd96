"""What the command line says: Korean first, English beside it, the same marks everywhere."""

from rich.console import Console

from smartfactory.stack.faults import StackFault

GOOD, BAD, NOTE = "[green]✓[/]", "[red]✗[/]", "[cyan]·[/]"


def show_fault(console: Console, fault: StackFault) -> None:
    """What is wrong and what to do about it."""
    if fault.detail:
        console.print(fault.detail, style="dim", markup=False, highlight=False)
    console.print(f"{BAD} ", end="")
    console.print(fault.what.ko, markup=False, highlight=False)
    console.print(f"  {fault.what.en}", markup=False, highlight=False, style="dim")
    console.print(f"  → {fault.remedy.ko}", markup=False, highlight=False)
    console.print(f"    {fault.remedy.en}", markup=False, highlight=False, style="dim")


def show_step(console: Console, name: str, seconds: float) -> None:
    """One thing that is done."""
    console.print(f"{GOOD} {name}  [dim]{seconds:.1f} s[/]", highlight=False)


def show_trouble(console: Console, what: str) -> None:
    """Something that went wrong and was dealt with."""
    console.print(f"[yellow]![/] {what}", highlight=False)
