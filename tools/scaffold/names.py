"""The forms that one name takes: as a package, a class, a path, an operation and in a sentence."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NAME = re.compile(r"[a-z]+(_[a-z]+)*")


class NameRefused(ValueError):
    """The name does not follow the house's form."""


@dataclass(frozen=True, slots=True)
class Names:
    """`refund_notices`, and one of them; `ko` is what people read."""

    many: str
    one: str
    ko: str

    @classmethod
    def of(cls, many: str, *, one: str | None = None, ko: str | None = None) -> "Names":
        """Derive what is not given; raises NameRefused."""
        for name in filter(None, (many, one)):
            if not _NAME.fullmatch(name):
                raise NameRefused(f"{name!r}: small letters and single underscores, such as refund_notices")
        single = one or _singular(many)
        if single == many:
            raise NameRefused(f"{many!r}: a feature is a plural noun; say what one of them is with --one")
        return cls(many, single, ko or "새 자료")

    def forms(self) -> Mapping[str, str]:
        """What the templates ask for."""
        words = self.many.replace("_", " ")
        one_words = self.one.replace("_", " ")
        a_one = ("an " if one_words[0] in "aeiou" else "a ") + one_words
        return {
            "feature": self.many,
            "one": self.one,
            "One": _class(self.one),
            "Many": _class(self.many),
            "words": words,
            "Words": _capital(words),
            "one_words": one_words,
            "a_one": a_one,
            "A_one": _capital(a_one),
            "one_path": self.one.replace("_", "-"),
            "path": self.many.replace("_", "-"),
            "tag": self.many.replace("_", "-"),
            "ko": self.ko,
        }


def _singular(many: str) -> str:
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ss", "ss"), ("s", "")):
        if many.endswith(ending):
            return many.removesuffix(ending) + instead
    return many


def _class(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
