"""`python -m tools.screenshots ORIGIN`: the README's pictures, taken of a running installation with a season in it.

`make run` leaves one at its origin; a picture is taken of each page named below, and overwrites the one of before.
"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.browser import DESKTOP, PHONE, Look, NoBrowser, browser

_FOLDER = Path(__file__).resolve().parents[1] / "docs/pictures"
_OFFICER = ("click", "text=도 담당관")
# Of the firms that `make run` tells the issuer of, the one that builds: those of the other seasons are reserves.
_FIRM = ("click", "text=가상화학 001")


@dataclass(frozen=True, slots=True)
class Picture:
    """A page, what a person clicks on the way to it, and how it is looked at."""

    address: str
    steps: Sequence[tuple[str, str]] = ()
    scheme: str = "light"
    width: int = DESKTOP
    whole: bool = True


_PICTURES = {
    "dashboard": Picture("/?lang=ko"),
    "dashboard-dark-phone": Picture("/?lang=en", scheme="dark", width=PHONE, whole=False),
    "today": Picture("/sign-in?next=/today", (_OFFICER,)),
    "project": Picture("/sign-in?next=/firm", (_FIRM, ("click", "a[href^='/projects/']"))),
}
_DRAWN = 200


async def take(origin: str, folder: Path = _FOLDER) -> list[Path]:
    """Take them all; raises NoBrowser, or RuntimeError where a page is not answered with 200."""
    taken = []
    async with browser() as chromium:
        for name, each in _PICTURES.items():
            path = folder / f"{name}.png"
            look = Look(each.scheme, each.width, axe=False, picture=str(path), whole=each.whole)
            seen = await chromium.visit(f"{origin}{each.address}", looks=[look], steps=each.steps)
            if seen.status != _DRAWN:
                raise RuntimeError(f"{each.address} was answered with {seen.status}: is a season in it?")
            taken.append(path)
    return taken


def main() -> int:
    """Take the pictures of the origin that is named; exit status 1 when they could not be taken."""
    if len(sys.argv) != 2 or not sys.argv[1].startswith("http"):  # noqa: PLR2004  the command and its one word
        print(__doc__)
        return 1
    try:
        taken = asyncio.run(take(sys.argv[1].rstrip("/")))
    except (NoBrowser, RuntimeError) as fault:
        print(f"No pictures: {fault}")
        return 1
    print("\n".join(str(path) for path in taken))
    return 0


if __name__ == "__main__":
    sys.exit(main())
