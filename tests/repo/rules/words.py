"""Rules on words: no business noun in libs/common, nothing that ties the repository to one machine or one download host."""

import ast
import re
from collections.abc import Iterator

from tests.repo.tree import Finding, Tree

BUSINESS_NOUNS = frozenset(
    {
        *("applicant", "applicants", "company", "companies", "worksite", "worksites", "firm", "sme"),
        *("municipality", "municipalities", "province", "technopark", "samsung", "mentor", "mentors", "mentoring"),
        *("budget", "budgets", "funding", "commitment", "commitments", "settlement", "ledger", "subsidy", "won"),
        *("panel", "screening", "selection", "selections", "seat", "seats", "eligibility", "evaluation", "jeonbuk"),
    }
)
_NOT_THE_NOUN = {
    "kr.jeonbuk.smartfactory": "the reverse domain name that all event types begin with",
    "retry_budget": "the usual name for a limit on retries",
    "RetryBudget": "the same",
}
_PERSONAL = frozenset({"name", "person", "representative", "phone", "mobile", "email", "address", "birth", "score"})
_EVENT_BASES = ("Struct", "DomainEvent", "Fact")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

# Joined at run time, so that this file does not hold what it looks for.
_MACHINE_PATHS = tuple("/" + folder + "/" for folder in ("work", "root", "home", "Users"))
_DOWNLOAD_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("repo1", "maven", "org"),
        ("repo", "maven", "apache", "org"),
        ("registry", "npmjs", "org"),
        ("registry-1", "docker", "io"),
    )
)
_LOCAL = re.compile("|".join(rf"(?<![\w.}}\])]){re.escape(path)}" for path in _MACHINE_PATHS))


def common_has_no_business_noun(tree: Tree) -> list[Finding]:
    """Names and strings of libs/common; prose in docstrings may give an example."""
    return [
        Finding(path, line, f"{text!r} names a business noun ({word}); libs/common is mechanism only")
        for path, module in tree.python("libs/common/")
        for line, text in _names_and_strings(module)
        for word in sorted(_words(text) & BUSINESS_NOUNS)
    ]


def _words(text: str) -> set[str]:
    for phrase in _NOT_THE_NOUN:
        text = text.replace(phrase, " ")
    return {word.lower() for word in _WORD.findall(text)}


def _names_and_strings(module: ast.Module) -> Iterator[tuple[int, str]]:
    prose = {
        id(node.value)
        for node in ast.walk(module)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.lineno, node.value


def nothing_is_tied_to_one_machine(tree: Tree) -> list[Finding]:
    """No path of somebody's disk and no download host: both differ on the next machine."""
    found = []
    for path, text in tree.files.items():
        for number, line in enumerate(text.splitlines(), start=1):
            if match := _LOCAL.search(line):
                found.append(Finding(path, number, f"{match[0]} is a path of one machine"))
            found += [
                Finding(path, number, f"{host} is configuration of the machine that installs")
                for host in _DOWNLOAD_HOSTS
                if host in line
            ]
    return found


def events_carry_no_person_and_no_score(tree: Tree) -> list[Finding]:
    """Events, and the types inside them, hold ids, codes and amounts; people stay in their owner's tables."""
    return [
        Finding(path, field.lineno, f"{node.name}.{field.target.id}: an event holds no {word}")
        for path, module in tree.python("libs/contracts/")
        for node in ast.walk(module)
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith(_EVENT_BASES) for base in node.bases)
        for field in node.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        for word in sorted(_words(field.target.id) & _PERSONAL)
    ]


RULES = (common_has_no_business_noun, nothing_is_tied_to_one_machine, events_carry_no_person_and_no_score)
