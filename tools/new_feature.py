"""`python -m tools.new_feature funding refund_notices --ko "반납 고지"`: a feature in the house's shape."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.scaffold.feature import make_feature
from tools.scaffold.names import NameRefused, Names
from tools.scaffold.tidy import tidy
from tools.scaffold.writing import Clash

_ROOT = Path(__file__).parents[1]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.new_feature", description=__doc__)
    parser.add_argument("service", help="the service it belongs to, such as funding")
    parser.add_argument("feature", help="a plural noun, such as refund_notices")
    parser.add_argument("--one", help="what one of them is called, where English is irregular")
    parser.add_argument("--ko", help="the Korean word for one, which people read first")
    given = parser.parse_args(argv)
    try:
        names = Names.of(given.feature, one=given.one, ko=given.ko)
        written = make_feature(_ROOT, given.service, names)
    except (NameRefused, Clash) as refused:
        sys.stderr.write(f"nothing was written: {refused}\n")
        return 1
    tidy(_ROOT, written)
    print("\n".join(written))
    print(
        "\nNext: say the rule in domain.py in the programme's words, and change the verbs, fields and roles that these"
        " files only assume;\nthen `python -m tools.catalogue` and `make check`. docs/add-a-feature.md goes through it."
    )
    if given.ko is None:
        print("No --ko was given: replace the word 새 자료 by what people call it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
