"""Who may do what, read from docs/permissions.toml, and the page that an officer reads."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from common.web.access import access_of
from tools.catalogue.rest import api_routes
from tools.catalogue.system import System, described

PATH = "docs/permissions.md"
ALLOWED, PUBLIC = "allowed", "public"
ANSWERS = frozenset({ALLOWED, "401", "403", "404"})
SCOPES = ("own", "other", "none")

_ROOT = Path(__file__).resolve().parents[2]
_SOURCE = _ROOT / "docs/permissions.toml"
_TABLES = frozenset({"otherwise", "pages", "roles", "ties"})
_INTRODUCTION = """# 권한표: who may do what

Made from [permissions.toml](permissions.toml) by `python -m tools.catalogue`; do not edit.

- **전체**: 모든 대상에 대해 할 수 있습니다 (on everything there is).
- **자기 것만**: 자기 것에만 할 수 있습니다. 남의 것은 없는 것으로 답하거나(404) 거절합니다(403) (only on one's own).
- 적히지 않은 역할은 거절됩니다: 로그인이 없으면 401, 역할이 맞지 않으면 403 (a role that is not named is refused).
- 소속이 역할과 맞지 않는 토큰은 어디에서도 받지 않습니다: 401 (a token whose tenant does not fit its role is refused).
- 제안한 사람은 같은 건을 확정할 수 없습니다; 그 규칙은 각 기능의 오류 설명에 있습니다
  (who proposed may not decide; see [problems](problems.md)).
"""
_PAGES = """## 화면 (pages)

What people open; the things on a page follow the rows above.

| 주소 | 볼 수 있는 사람 |
|---|---|"""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of one service, as its OpenAPI document has it."""

    service: str
    id: str
    method: str
    path: str
    summary: str
    roles: frozenset[str]
    document: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.service}.{self.id}"


@dataclass(frozen=True)
class Permissions:
    """The file: its names for roles and ties, the answers by default, one row per operation, and one per page."""

    roles: Mapping[str, Mapping[str, str]]
    ties: Mapping[str, Mapping[str, str]]
    otherwise: Mapping[str, Sequence[str]]
    rows: Mapping[str, Mapping[str, Any]]
    pages: Mapping[str, Sequence[str]]

    def answer(self, operation: str, role: str, scope: str) -> str:
        """What `operation` (as `service.operationId`) answers to the role in one of the scopes."""
        named = {name: values for name, values in self.rows[operation].items() if name != "tie"}
        values = _fitting(named, role) or _fitting(self.otherwise, role)
        if values is None:
            raise KeyError(f"{operation} says nothing of {role}")
        return str(values[SCOPES.index(scope)])

    def tie(self, operation: str) -> str:
        return str(self.rows[operation]["tie"])

    def allowed_roles(self, operation: str) -> list[str]:
        """The roles that may do it on something, in the file's order."""
        return [role for role in self.roles if ALLOWED in self._answers(operation, role)]

    def reach(self, operation: str, role: str) -> str:
        """How far a role that may do it reaches: `all` or `own`."""
        return "all" if self.answer(operation, role, "other") == ALLOWED else "own"

    def without(self, operation: str) -> "Permissions":
        """The same with one row deleted."""
        rows = {name: row for name, row in self.rows.items() if name != operation}
        return Permissions(self.roles, self.ties, self.otherwise, rows, self.pages)

    def _answers(self, operation: str, role: str) -> list[str]:
        return [self.answer(operation, role, scope) for scope in SCOPES]


def load(text: str | None = None) -> Permissions:
    """Read the file, or a text in its form."""
    content = tomllib.loads(_SOURCE.read_text("utf-8") if text is None else text)
    rows = {
        f"{service}.{operation}": row
        for service, operations in content.items()
        if service not in _TABLES
        for operation, row in operations.items()
    }
    return Permissions(content["roles"], content["ties"], content["otherwise"], rows, content["pages"])


def operations(app: FastAPI, service: str) -> Iterator[Operation]:
    """Every operation that an application's OpenAPI document offers to callers."""
    document = app.openapi()
    for path, methods in document["paths"].items():
        for method, found in methods.items():
            roles = frozenset(found["x-roles"]) or frozenset({PUBLIC})
            name, summary = found["operationId"], found.get("summary", "")
            yield Operation(service, name, method.upper(), path, summary, roles, found)


def pages(app: FastAPI) -> dict[str, frozenset[str]]:
    """Every page of an application, as `GET /address`, with the roles that may see it."""
    found = {}
    for path, route in api_routes(app):
        if not route.include_in_schema:
            roles = access_of(route.dependant).roles
            for method in sorted(route.methods or ()):
                found[f"{method} {path}"] = frozenset({PUBLIC}) if roles is None else roles
    return found


def page_disagreements(permissions: Permissions, offered: Mapping[str, frozenset[str]]) -> list[str]:
    """Where the file's table `pages` and the pages differ: one without a row, a row without a page, other roles."""
    missing = [f"{page} has no row in [pages]" for page in sorted(set(offered) - set(permissions.pages))]
    gone = [f"[pages] has a row for {page}, which is none" for page in sorted(set(permissions.pages) - set(offered))]
    both = sorted(set(offered) & set(permissions.pages))
    other = [f"{page}: file and code differ" for page in both if _meant(permissions, page) != offered[page]]
    return missing + gone + other


def disagreements(permissions: Permissions, offered: Sequence[Operation], roles: Sequence[str]) -> list[str]:
    """Where file and OpenAPI differ: a route without a row, a row without a route, other roles, unknown words."""
    names = {operation.name for operation in offered}
    faults = [f"{name} has no row in permissions.toml" for name in sorted(names - set(permissions.rows))]
    faults += [
        f"permissions.toml has a row for {name}, which is no route" for name in sorted(set(permissions.rows) - names)
    ]
    if set(permissions.roles) != {PUBLIC, *roles}:
        faults.append(f"[roles] and contracts.roles differ in {sorted(set(permissions.roles) ^ {PUBLIC, *roles})}")
    for name, row in {"otherwise": permissions.otherwise, **permissions.rows}.items():
        faults += [f"{name}: {fault}" for fault in _malformed(permissions, name, row)]
    if faults:
        return faults
    for operation in offered:
        said = set(permissions.allowed_roles(operation.name))
        meant = set(permissions.roles) if PUBLIC in operation.roles else set(operation.roles)
        faults += [f"{operation.name}: file and OpenAPI differ on {role}" for role in sorted(said ^ meant)]
    return faults


def page(system: System) -> str:
    """The table by service, then what each role may do."""
    permissions = load()
    offered = [each for service in system.services for each in operations(described(service), service.name)]
    sections = [_INTRODUCTION]
    for service in system.services:
        sections.append(f"## {service.title.ko} ({service.name})\n")
        sections.append("| 기능 | 요청 | 대상 | 전체 | 자기 것만 |\n|---|---|---|---|---|")
        sections.append("\n".join(_line(permissions, each) for each in offered if each.service == service.name) + "\n")
    sections.append(_PAGES)
    sections.append("\n".join(_page_line(permissions, page) for page in permissions.pages) + "\n")
    sections.append("## 역할별로 할 수 있는 일 (by role)\n")
    sections += [_role(permissions, role, offered) for role in permissions.roles]
    return "\n".join(sections)


def _fitting(named: Mapping[str, Sequence[str]], role: str) -> Sequence[str] | None:
    if role in named:
        return named[role]
    group = f"{role.split('.', maxsplit=1)[0]}.*"
    if group in named:
        return named[group]
    return None if role == PUBLIC else named.get("*")


def _malformed(permissions: Permissions, name: str, row: Mapping[str, Any]) -> Iterator[str]:
    groups = {f"{role.split('.')[0]}.*" for role in permissions.roles if "." in role}
    for key, values in row.items():
        if key == "tie":
            if values not in permissions.ties:
                yield f"no such tie: {values}"
        elif key not in {*permissions.roles, *groups, "*"}:
            yield f"no such role: {key}"
        elif len(values) != len(SCOPES) or not set(values) <= ANSWERS:
            yield f"{key} is not three answers"
    if name != "otherwise" and "tie" not in row:
        yield "no tie"


def _line(permissions: Permissions, operation: Operation) -> str:
    tie = permissions.ties[permissions.tie(operation.name)]
    roles = permissions.allowed_roles(operation.name)
    by_reach = {
        reach: [_korean(permissions, role) for role in roles if permissions.reach(operation.name, role) == reach]
        for reach in ("all", "own")
    }
    everybody = "모든 역할" if len(by_reach["all"]) == len(permissions.roles) else ", ".join(by_reach["all"])
    whole = len(roles) == len(permissions.roles)
    limited = "그 밖의 모두" if whole and by_reach["own"] else ", ".join(by_reach["own"])
    if by_reach["own"] and tie["own"]:
        limited = f"{limited} ({tie['own']})"
    cells = (
        operation.summary,
        f"`{operation.method} {operation.path}`",
        tie["ko"],
        everybody or "없음",
        limited or "없음",
    )
    return f"| {' | '.join(cells)} |"


def _meant(permissions: Permissions, page: str) -> set[str]:
    named = permissions.pages[page]
    groups = {name.removesuffix("*") for name in named if name.endswith(".*")}
    return set(named) & {PUBLIC} or {
        role for role in permissions.roles if role in named or any(role.startswith(group) for group in groups)
    }


def _page_line(permissions: Permissions, page: str) -> str:
    meant = _meant(permissions, page)
    who = (
        "모든 역할" if PUBLIC in meant else ", ".join(_korean(permissions, r) for r in permissions.roles if r in meant)
    )
    return f"| `{page}` | {who} |"


def _role(permissions: Permissions, role: str, offered: Sequence[Operation]) -> str:
    names = permissions.roles[role]
    may = [each for each in offered if role in permissions.allowed_roles(each.name)]
    reach = {"all": "전체", "own": "자기 것만"}
    rows = [f"- {each.summary}: {reach[permissions.reach(each.name, role)]}" for each in may]
    return "\n".join([f"### {names['ko']} `{role}` ({names['en']})", "", *(rows or ["- 아직 없음 (nothing yet)"]), ""])


def _korean(permissions: Permissions, role: str) -> str:
    return permissions.roles[role]["ko"]
