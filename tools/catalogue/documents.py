"""Every generated document by its path, and the comparison with what is committed."""

from collections.abc import Mapping
from pathlib import Path

from tools.catalogue import (
    access,
    architecture,
    asyncapi,
    cluster,
    events,
    permissions,
    problems,
    promises,
    rest,
    rest_growth,
    settings,
)
from tools.catalogue.system import load_system

ROOT = Path(__file__).resolve().parents[2]
_GENERATED_FOLDERS = ("docs/events", "docs/api", rest_growth.FOLDER)


def documents() -> dict[str, str]:
    """Make them all from the running code; nothing is read from the network or a database."""
    system = load_system(ROOT)
    return {
        **events.documents(system),
        **asyncapi.documents(system),
        access.PATH: access.page(system),
        **cluster.documents(ROOT, system),
        **rest.documents(system),
        **rest_growth.documents(ROOT, system),
        "docs/settings.md": settings.page(system),
        "docs/problems.md": problems.page(system),
        permissions.PATH: permissions.page(system),
        promises.PATH: promises.page(),
        architecture.PATH: architecture.page((ROOT / architecture.PATH).read_text("utf-8"), system),
    }


def stale(made: Mapping[str, str]) -> list[str]:
    """Paths whose committed text differs, is missing, or is left over from code that is gone."""
    differing = [path for path, text in made.items() if _read(ROOT / path) != text]
    left_over = [
        str(path.relative_to(ROOT))
        for folder in _GENERATED_FOLDERS
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file() and str(path.relative_to(ROOT)) not in made
    ]
    return differing + left_over


def write(made: Mapping[str, str]) -> None:
    """Write them, and remove what is left over."""
    for path in stale(made):
        target = ROOT / path
        if path in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(made[path], "utf-8")
        else:
            target.unlink()


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.is_file() else None
