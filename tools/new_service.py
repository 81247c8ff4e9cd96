"""`python -m tools.new_service reporting --ko "보고"`: a service in the house's shape, wired into the local stack."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.scaffold.names import NameRefused
from tools.scaffold.service import make_service
from tools.scaffold.tidy import tidy
from tools.scaffold.writing import Clash

_ROOT = Path(__file__).parents[1]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.new_service", description=__doc__)
    parser.add_argument("service", help="one word, such as reporting")
    parser.add_argument("--ko", default="새 서비스", help="what people call it in Korean")
    given = parser.parse_args(argv)
    try:
        written = make_service(_ROOT, given.service, ko=given.ko)
    except (NameRefused, Clash) as refused:
        sys.stderr.write(f"nothing was written: {refused}\n")
        return 1
    tidy(_ROOT, written)
    print("\n".join(written))
    print(
        "\nNext: `make setup` installs it; `python -m tools.new_feature` gives it its first feature; then"
        " `python -m tools.catalogue` and `make check`."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
