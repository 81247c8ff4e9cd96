"""`python -m smartfactory.compose secrets | topics | outside | seed | token`: a container each."""

import sys
from collections.abc import Callable
from importlib import import_module

from rich.console import Console

from smartfactory.console import show_fault
from smartfactory.stack.faults import StackFault

_WORK = {
    "secrets": "smartfactory.compose.secrets",
    "topics": "smartfactory.compose.topics",
    "outside": "smartfactory.compose.outside",
    "seed": "smartfactory.compose.seed",
    "token": "smartfactory.compose.token",
}


def main(arguments: list[str]) -> int:
    """Do the named work with the words after it."""
    if not arguments or arguments[0] not in _WORK:
        print(__doc__, file=sys.stderr)
        return 2
    work: Callable[..., int] = getattr(import_module(_WORK[arguments[0]]), arguments[0])
    try:
        return work(*arguments[1:])
    except StackFault as fault:
        show_fault(Console(stderr=True, soft_wrap=True), fault)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
