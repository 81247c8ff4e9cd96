"""The people of a local installation, to choose from when somebody signs in: those of every season, and those told."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, PROVINCE_TENANT, Role
from contracts.types import MUNICIPALITIES
from smartfactory.issuer.grants import Person
from smartfactory.issuer.keys import write_secret
from smartfactory.issuer.tokens import Bearer

_MOST_TOLD = 1_000
_TECHNOPARK = "jtp"
# The subjects are those of `season.people`, so that whoever signs in finds what the season did in their name.
_OFFICES = (
    ("도 담당관 · Province officer", "province-officer", Role.PROVINCE_OFFICER, PROVINCE_TENANT),
    ("도 결재자 · Province approver", "province-approver", Role.PROVINCE_APPROVER, PROVINCE_TENANT),
    ("도 결재자 2 · Second province approver", "province-approver-2", Role.PROVINCE_APPROVER, PROVINCE_TENANT),
    ("도 세입세출 담당 · Province treasurer", "province-treasurer", Role.PROVINCE_TREASURER, PROVINCE_TENANT),
    ("감사 · Auditor", "auditor", Role.AUDITOR, PROVINCE_TENANT),
    ("전북테크노파크 담당 · Technopark operator", "technopark-operator", Role.TECHNOPARK_OPERATOR, _TECHNOPARK),
    ("전북테크노파크 점검자 · Inspector", "technopark-inspector", Role.TECHNOPARK_OPERATOR, _TECHNOPARK),
    ("JS1 평가위원 1 · Panel member", "panel-js1-1", Role.PANEL_MEMBER, _TECHNOPARK),
    ("멘토단장 · Mentor lead", "mentor-lead", Role.MENTOR_LEAD, _TECHNOPARK),
    ("전담멘토 · Mentor", "mentor-of-the-season", Role.MENTOR, _TECHNOPARK),
    ("정산 회계법인 · Accountant", "accountant", Role.ACCOUNTANT, "accounting-firm"),
    ("상생협의회 위원 1 · Forum member", "forum-1", Role.FORUM_MEMBER, "forum"),
    ("플랫폼 운영자 · Platform operator", "platform-operator", Role.PLATFORM_OPERATOR, _TECHNOPARK),
)
_GROUPS = (
    ("도 · Province", PROVINCE_ROLES | {Role.AUDITOR}),
    ("시·군 · Municipalities", MUNICIPALITY_ROLES),
    ("기업 · Firms", COMPANY_ROLES | {Role.SUPPLIER}),
)
_REST = "사업단과 전문가 · Operators and experts"
_MACHINES = frozenset({Role.SAMSUNG_CLIENT, Role.MUNICIPALITY_CLIENT, Role.IDENTITY_PROVIDER})


class Directory:
    """Everybody who can be chosen; what a season tells is kept in a file, as its firms are known only then."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._people = {_key(each): each for each in _of_every_installation()}
        if path.exists():
            self._learn(Person(each["name"], Bearer(**each["bearer"])) for each in json.loads(path.read_text()))

    def tell(self, people: Sequence[Person]) -> None:
        """Make these known for good; telling the same again changes nothing, and a machine is nobody to choose."""
        known = {_key(each) for each in _of_every_installation()}
        self._learn(iter(people))
        told = [each for key, each in self._people.items() if key not in known]
        kept = [
            {
                "name": each.name,
                "bearer": {"subject": each.bearer.subject, "role": each.bearer.role, "tenant": each.bearer.tenant},
            }
            for each in told[:_MOST_TOLD]
        ]
        write_secret(self._path, json.dumps(kept, ensure_ascii=False))

    def find(self, key: str) -> Person | None:
        """Whoever the sign-in page offers under this key."""
        return self._people.get(key)

    def groups(self) -> Iterator[tuple[str, list[tuple[str, Person]]]]:
        """Group after group, with each person's key."""
        left = dict(self._people)
        for title, roles in _GROUPS:
            members = [(key, each) for key, each in left.items() if each.bearer.role in roles]
            for key, _ in members:
                del left[key]
            yield title, members
        yield _REST, list(left.items())

    def _learn(self, people: Iterator[Person]) -> None:
        for each in people:
            if each.bearer.role not in _MACHINES and len(self._people) < _MOST_TOLD:
                self._people.setdefault(_key(each), each)


def _of_every_installation() -> Iterator[Person]:
    for name, subject, role, tenant in _OFFICES:
        yield Person(name, Bearer(subject, role, tenant))
    for place in MUNICIPALITIES:
        code = str(place.code)
        for ko, en, word, role in (
            ("담당", "officer", "officer", Role.MUNICIPALITY_OFFICER),
            ("결재", "approver", "approver", Role.MUNICIPALITY_APPROVER),
        ):
            yield Person(f"{place.ko} {ko} · {place.en} {en}", Bearer(f"{word}-{code}", role, code))


def _key(person: Person) -> str:
    """One person in one role of one tenant."""
    return f"{person.bearer.role}:{person.bearer.tenant}:{person.bearer.subject}"
