"""`python -m tools.catalogue` writes every generated document.

`--check` only tells which ones are stale; `--accept-growth` records that events have grown, unless that breaks readers;
`--accept-break REASON` makes a REST surface that breaks its callers the released one, and keeps the reason.
"""

import sys

from tools.catalogue import golden, rest_growth
from tools.catalogue.documents import ROOT, documents, stale, write
from tools.catalogue.growth import breaking_edits, contract, read_released, write_released
from tools.catalogue.system import load_events, load_system


def main(arguments: list[str]) -> int:
    if "--accept-growth" in arguments:
        return _accept_growth()
    if "--accept-break" in arguments:
        return _accept_break(arguments[arguments.index("--accept-break") + 1 :])
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
        golden.add(ROOT, load_events(ROOT))
    return 1 if faults else 0


def _accept_break(reason: list[str]) -> int:
    if not any(word.strip() for word in reason):
        print('say why: python -m tools.catalogue --accept-break "..."')
        return 1
    for fault in rest_growth.accept_break(ROOT, load_system(ROOT), " ".join(reason)):
        print(f"accepted: {fault}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
