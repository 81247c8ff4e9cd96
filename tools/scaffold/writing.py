"""New files from templates, and lines put into files that are shared: all planned first, then written or not at all."""

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from string import Template

_TEMPLATES = Path(__file__).parent


class Clash(Exception):
    """A file is there already, or the place for a line is not; nothing was written."""


class Changes:
    """What will be written below a root."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._texts: dict[str, str] = {}
        self._made: list[str] = []
        self._links: dict[str, str] = {}

    def make(self, path: str, template: str, forms: Mapping[str, str]) -> None:
        """A new file from a template."""
        if (self._root / path).exists() or path in self._texts:
            raise Clash(f"{path} is there already")
        text = (_TEMPLATES / template).read_text(encoding="utf-8")
        self._texts[path] = Template(text).substitute(forms) if template.endswith(".tmpl") else text
        self._made.append(path)

    def link(self, path: str, to: str) -> None:
        """A symbolic link, to a place as it is seen from the link's own folder."""
        if (self._root / path).is_symlink() or (self._root / path).exists():
            raise Clash(f"{path} is there already")
        self._links[path] = to

    def read(self, path: str) -> str:
        """The file as it will be."""
        if path not in self._texts:
            self._texts[path] = (self._root / path).read_text(encoding="utf-8")
        return self._texts[path]

    def replace(self, path: str, pattern: str, with_: str) -> None:
        """Put something in place of the one match of a regular expression."""
        text, found = re.subn(pattern, with_, self.read(path), count=1, flags=re.MULTILINE)
        if not found:
            raise Clash(
                f"{path} has changed: no place like {pattern!r} is in it. Change it by hand, then mend the tool"
            )
        self._texts[path] = text

    def append(self, path: str, text: str) -> None:
        """Put something at the end."""
        self._texts[path] = self.read(path).rstrip("\n") + "\n" + text

    def render(self, template: str, forms: Mapping[str, str]) -> str:
        """A template that becomes a part of a file."""
        return Template((_TEMPLATES / template).read_text(encoding="utf-8")).substitute(forms)

    def write(self) -> list[str]:
        """Write everything; the paths of the new and the changed files, links aside."""
        for path, text in self._texts.items():
            if path.endswith(".py"):
                ast.parse(text, filename=path)
            target = self._root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        for path, to in self._links.items():
            (self._root / path).symlink_to(to)
        return [*self._made, *(path for path in self._texts if path not in self._made)]
