"""What the 360Giving Data Standard asks of a file of grants, written from its published rules.

The standard's own JSON schema is in no package that can be had from a registry, so its rules stand here a second time:
which fields a grant must have, of what type each one that we use is, how dates and identifiers are written, and that an
identifier is told once.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

Json = Mapping[str, Any]

_PREFIX = re.compile(r"360G-[A-Za-z0-9]+")
_DAY = re.compile(r"[0-9]{4}-(0[1-9]|1[012])-(0[1-9]|[12][0-9]|3[01])")
_LONGEST_TITLE = 140
_REQUIRED = (
    "id", "title", "description", "currency", "amountAwarded", "awardDate", "recipientOrganization",
    "fundingOrganization",
)  # fmt: skip
_TEXTS = ("id", "title", "description", "currency", "awardDate", "fromOpenCall", "dateModified")
_LISTS = {
    "recipientOrganization": {"id": str, "name": str},
    "fundingOrganization": {"id": str, "name": str},
    # Without geoCode: it takes a geoCodeType, and of its codelist each is a kind of area of the United Kingdom.
    "beneficiaryLocation": {"name": str, "countryCode": str},
    "grantProgramme": {"code": str, "title": str},
    "plannedDates": {"startDate": str, "endDate": str},
    "actualDates": {"startDate": str, "endDate": str},
}
_KNOWN = {*_TEXTS, "amountAwarded", *_LISTS}
_NAMED = ("recipientOrganization", "fundingOrganization")


def faults_of(package: Json) -> list[str]:
    """Everything that a validator of the standard would refuse, in words; nothing where it takes the file."""
    grants = package.get("grants")
    if not isinstance(grants, list) or not grants:
        return ["a file has an array called grants with one or more"]
    if not re.fullmatch(r"[0-9]+[.][0-9]+", str(package.get("version", "1.4"))):
        return ["version is major.minor"]
    found = [f"{grant.get('id', at)}: {fault}" for at, grant in enumerate(grants) for fault in _of_grant(grant)]
    ids = [grant.get("id") for grant in grants]
    return found + [f"{each}: told twice" for each in {each for each in ids if ids.count(each) > 1}]


def _of_grant(grant: Json) -> Iterator[str]:
    yield from (f"{name} is missing" for name in _REQUIRED if name not in grant)
    yield from (f"{name} is no field of the standard that we use" for name in grant if name not in _KNOWN)
    yield from (f"{name} is no text" for name in _TEXTS if name in grant and not isinstance(grant[name], str))
    amount = grant.get("amountAwarded")
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        yield "amountAwarded is no number"
    if not re.fullmatch("[A-Z]{3}", str(grant.get("currency"))):
        yield "currency is no code of ISO 4217"
    if not _PREFIX.match(str(grant.get("id"))):
        yield "id does not begin with a publisher's prefix"
    if not 0 < len(str(grant.get("title", ""))) <= _LONGEST_TITLE:
        yield "title is empty or long"
    if grant.get("fromOpenCall") not in {None, "Yes", "No"}:
        yield "fromOpenCall is Yes or No"
    if not _is_day(grant.get("awardDate")):
        yield "awardDate is no day"
    if "dateModified" in grant and not _is_moment(grant["dateModified"]):
        yield "dateModified is no full date-time"
    for name, fields in _LISTS.items():
        if name in grant:
            yield from _of_list(name, grant[name], fields)


def _of_list(name: str, entries: Any, fields: Mapping[str, type]) -> Iterator[str]:
    if not isinstance(entries, list) or not entries:
        yield f"{name} is no array with an entry"
        return
    for entry in entries:
        yield from (f"{name}.{key} is not known" for key in entry if key not in fields)
        yield from (
            f"{name}.{key} is no {kind.__name__}"
            for key, kind in fields.items()
            if key in entry and not isinstance(entry[key], kind)
        )
        if name in _NAMED:
            yield from (f"{name}.{key} is missing" for key in ("id", "name") if not entry.get(key))
        if name.endswith("Dates"):
            if "startDate" not in entry:
                yield f"{name} has no startDate"
            yield from (f"{name}.{key} is no day" for key, value in entry.items() if not _is_day(value))
        if name == "beneficiaryLocation" and not re.fullmatch("[A-Z]{2}", str(entry.get("countryCode"))):
            yield "countryCode is no code of ISO 3166"


def _is_day(value: Any) -> bool:
    try:
        return isinstance(value, str) and _DAY.fullmatch(value) is not None and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _is_moment(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False
