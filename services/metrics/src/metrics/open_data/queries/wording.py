"""Answers in the words of a standard: names as it writes them, and nothing where nothing is known."""

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from common.web import View


class StandardView(View):
    """A response body whose names are those of an open standard."""

    model_config = ConfigDict(frozen=True, from_attributes=True, alias_generator=to_camel, populate_by_name=True)
