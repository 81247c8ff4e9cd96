"""`python -m tools.catalogue` writes every generated document.

`--check` only tells which ones are stale; `--accept-growth` records that events have grown, unless that breaks readers.
"""

import sys

from tools.catalogue.documents import ROOT, documents, stale, write
from tools.catalogue.growth import breaking_edits, contract, read_released, write_released
from tools.catalogue.system import load_events


def main(arguments: list[str]) -> int:
    if "--accept-growth" in arguments:
        return _accept_growth()
    made = documents()
    late = stale(made)
    if "--check" in arguments:
        for path in late:
            print(f"{path} is not what the code says; run: python -m tools.catalogue")
        return 1 if late else 0
    write(made)
    for path in late:
        print(f"wrote {(ROOT / path).relative_to(ROOT)}")
    return 0


def _accept_growth() -> int:
    current = {event.TYPE: contract(event) for event in load_events(ROOT)}
    faults = breaking_edits(read_released(ROOT), current)
    for fault in faults:
        print(f"refused: {fault}; a breaking change is a new version of the type")
    if not faults:
        write_released(ROOT, current)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
