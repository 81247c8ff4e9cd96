"""Picks, from requirements.lock, what the named packages of this repository need: `locked.py NAME... < lock > part`.

Run while an image is built, with nothing installed yet. The lock says of each package for whom it is there (`# via`);
what nobody of the named ones leads to stays out: the development tools, the other services, the local stack.
"""

import re
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


@dataclass(frozen=True)
class Entry:
    """One package of the lock: its lines with version and hashes, and who needs it."""

    lines: tuple[str, ...]
    needed_by: frozenset[str]


def read(lock: str) -> dict[str, Entry]:
    """Every package of the lock by its name; one that differs between Pythons has two blocks, kept together."""
    entries: dict[str, Entry] = {}
    for block in _blocks(lock):
        named = _NAME.match(block[0])
        if named is None:
            raise SystemExit(f"requirements.lock: no package's name at the beginning of {block[0]!r}")
        pinned = tuple(line for line in block if not line.lstrip().startswith("#"))
        # `# via one`, or `# via` and one a line; a group of the workspace reads `workspace:dev`.
        comments = [line.strip().removeprefix("#").strip() for line in block if line.lstrip().startswith("#")]
        needed_by = {word for comment in comments for word in [comment.removeprefix("via").strip()] if word}
        known = entries.get(named[0])
        both = Entry(pinned, frozenset(needed_by))
        entries[named[0]] = both if known is None else Entry(known.lines + pinned, known.needed_by | needed_by)
    return entries


def needed(entries: Mapping[str, Entry], roots: Collection[str], without: Collection[str] = ()) -> list[str]:
    """The names of all that the roots lead to, in the lock's order."""
    reached = set(roots)
    while True:
        more = {
            name
            for name, entry in entries.items()
            if name not in reached and name not in without and entry.needed_by & reached
        }
        if not more:
            return [name for name in entries if name in reached]
        reached |= more


def _blocks(lock: str) -> Iterator[list[str]]:
    block: list[str] = []
    for line in lock.splitlines():
        if line.strip() and not line[0].isspace() and not line.startswith("#"):
            if block:
                yield block
            block = [line]
        elif block:
            block.append(line)
    if block:
        yield block


def main(arguments: list[str]) -> int:
    """Write the part of the lock on standard output; `--without=NAME` leaves a package and what only it needs out."""
    without = [argument.removeprefix("--without=") for argument in arguments if argument.startswith("--without=")]
    roots = [argument for argument in arguments if not argument.startswith("--")]
    entries = read(sys.stdin.read())
    names = needed(entries, roots, without)
    if not names:
        sys.stderr.write(f"requirements.lock holds nothing for {', '.join(roots) or 'nobody'}\n")
        return 1
    for name in names:
        sys.stdout.write("\n".join(entries[name].lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
