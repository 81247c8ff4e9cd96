"""Which of the two languages an answer speaks: Korean unless the caller prefers English."""

from typing import Literal

from common.errors import Text

Language = Literal["ko", "en"]


def preferred(accept_language: str | None) -> Language:
    """Read an Accept-Language header; whatever is not understood counts as no preference."""
    weights = {"ko": 0.0, "en": 0.0}
    for part in (accept_language or "")[:500].split(","):
        tag, _, parameters = part.strip().partition(";")
        primary = tag.strip().lower().partition("-")[0]
        if primary in weights:
            weights[primary] = max(weights[primary], _weight(parameters))
    return "en" if weights["en"] > weights["ko"] else "ko"


def say(text: Text, language: Language) -> str:
    """The sentence in that language, its placeholders still open."""
    return text.en if language == "en" else text.ko


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0
