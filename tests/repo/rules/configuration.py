"""Rules on the repository's own files: reasons beside opt-outs, decisions indexed, dependencies explained."""

import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import PurePosixPath

from tests.repo.tree import Finding, Tree, imports

_OPT_OUT = re.compile(r'^\s*(?:"[^"]+" = \[)?"[A-Z]+[0-9]*"(?:,|\])')
_NOQA = re.compile(r"#\s*noqa(?!:)|#\s*type:\s*ignore(?!\[)", re.IGNORECASE)
_DEPENDENCY_NAME = re.compile(r"^[A-Za-z0-9._-]+")
_OUR_OWN = "smartfactory-"
_OUR_MODULES = {"common", "contracts", "applicant", "funding", "mentoring", "metrics", "smartfactory", "tools", "tests"}
_COMES_WITH = {
    "starlette": "fastapi",
    "pydantic": "fastapi",
    "pydantic-core": "fastapi",
    "opentelemetry-api": "opentelemetry-sdk",
    "markupsafe": "jinja2",
    "prometheus-client": "opentelemetry-exporter-prometheus",
}


def every_lint_opt_out_has_a_reason(tree: Tree) -> list[Finding]:
    text = tree.files.get("pyproject.toml", "")
    inside, found = False, []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("["):
            inside = line.startswith("[tool.ruff.lint")
        if inside and _OPT_OUT.match(line) and "#" not in line:
            found.append(Finding("pyproject.toml", number, f"{line.strip()} is switched off without a reason"))
    for path, source in tree.files.items():
        if not path.endswith(".py"):
            continue
        found += [
            Finding(path, number, "name the rule that is silenced here")
            for number, line in enumerate(source.splitlines(), start=1)
            if _NOQA.search(line)
        ]
    return found


def every_dependency_has_a_reason(tree: Tree) -> list[Finding]:
    """docs/dependencies.md has one row per dependency of any pyproject.toml, and none for what is gone."""
    page = tree.files.get("docs/dependencies.md", "")
    explained = {match[1].lower() for match in re.finditer(r"^\| `([^`]+)` \|.+\S.+\|$", page, re.MULTILINE)}
    wanted: dict[str, str] = {}
    for path, text in tree.files.items():
        if PurePosixPath(path).name != "pyproject.toml":
            continue
        settings = tomllib.loads(text)
        listed = [*settings.get("project", {}).get("dependencies", [])]
        listed += [item for group in settings.get("dependency-groups", {}).values() for item in group]
        for requirement in listed:
            name = _DEPENDENCY_NAME.match(requirement)
            if name and not name[0].startswith(_OUR_OWN):
                wanted.setdefault(name[0].lower(), path)
    found = [
        Finding(path, 1, f"{name} has no reason in docs/dependencies.md")
        for name, path in wanted.items()
        if name not in explained
    ]
    found += [
        Finding("docs/dependencies.md", 1, f"{name} is explained but no longer used")
        for name in sorted(explained - set(wanted))
    ]
    return found


def every_import_is_declared(tree: Tree) -> list[Finding]:
    """What a package imports is a dependency of that package, or of the package of ours it builds on."""
    declared = {
        str(PurePosixPath(path).parent): _requirements(text)
        for path, text in tree.files.items()
        if PurePosixPath(path).name == "pyproject.toml" and path != "pyproject.toml"
    }
    by_name = {f"{_OUR_OWN}{PurePosixPath(folder).name}": names for folder, names in declared.items()}
    found = []
    for folder, names in declared.items():
        known = _with_ours(names, by_name)
        for path, module in tree.python(f"{folder}/"):
            for line, name in imports(module):
                top = name.split(".")[0]
                if top in sys.stdlib_module_names | _OUR_MODULES or top == "":
                    continue
                if not _distributions(top) & known:
                    found.append(Finding(path, line, f"{top} is imported but not declared in {folder}/pyproject.toml"))
    return found


def _with_ours(names: set[str], by_name: dict[str, set[str]]) -> set[str]:
    known = set(names)
    for name in names:
        known |= _with_ours(by_name.get(name, set()), by_name)
    return known


def _requirements(text: str) -> set[str]:
    listed = tomllib.loads(text).get("project", {}).get("dependencies", [])
    return {_normal(match[0]) for requirement in listed if (match := _DEPENDENCY_NAME.match(requirement))}


def _distributions(top: str) -> set[str]:
    """The distributions that may bring this module, under the names we declare them by."""
    names = {_normal(name) for name in _installed().get(top, [top])}
    return names | {_COMES_WITH[name] for name in names if name in _COMES_WITH}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def _installed() -> dict[str, list[str]]:
    return {module: list(names) for module, names in packages_distributions().items()}


def every_decision_is_indexed(tree: Tree) -> list[Finding]:
    """docs/adr/README.md links each numbered decision, numbers have no gap, and each names its status."""
    decisions = sorted(path for path in tree.files if re.match(r"docs/adr/\d{4}-[\w-]+\.md$", path))
    index = tree.files.get("docs/adr/README.md", "")
    found = []
    for expected, path in enumerate(decisions, start=1):
        name = PurePosixPath(path).name
        if int(name[:4]) != expected:
            found.append(Finding(path, 1, f"decision {expected:04} is missing before this one"))
        if f"({name})" not in index:
            found.append(Finding(path, 1, "not linked from docs/adr/README.md"))
        if "Status:" not in tree.files[path]:
            found.append(Finding(path, 1, "a decision says its status"))
    return found


def links_in_documents_lead_somewhere(tree: Tree) -> list[Finding]:
    """Relative links in Markdown name a file or folder of the repository."""
    folders = {str(parent) for path in tree.files for parent in PurePosixPath(path).parents}
    found = []
    for path, text in tree.files.items():
        if not path.endswith(".md"):
            continue
        for match in re.finditer(r"\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)]*)?\)", text):
            parts: list[str] = []
            for part in (PurePosixPath(path).parent / match[1]).parts:
                if part == ".." and parts:
                    parts.pop()
                else:
                    parts.append(part)
            target = "/".join(parts)
            if target not in tree.files and target not in folders:
                line = text.count("\n", 0, match.start()) + 1
                found.append(Finding(path, line, f"the link to {match[1]} leads nowhere"))
    return found


def the_lock_has_hashes_and_no_address(tree: Tree) -> list[Finding]:
    """Every locked package is pinned with hashes; where it is fetched from is the installing machine's business."""
    path, found = "requirements.lock", []
    entries = tree.files.get(path, "").replace("\\\n", " ").splitlines()
    for number, entry in enumerate(entries, start=1):
        if not entry.strip() or entry.lstrip().startswith("#"):
            continue
        if "://" in entry or entry.startswith("-"):
            found.append(Finding(path, number, f"{entry.split()[0]} names an address or an option"))
        elif "==" not in entry or "--hash=sha256:" not in entry:
            found.append(Finding(path, number, f"{entry.split()[0]} is not pinned with a hash"))
    return found


RULES = (
    the_lock_has_hashes_and_no_address,
    every_lint_opt_out_has_a_reason,
    every_dependency_has_a_reason,
    every_import_is_declared,
    every_decision_is_indexed,
    links_in_documents_lead_somewhere,
)
