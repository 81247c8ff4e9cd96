"""The settings that only the metrics service has."""

from pydantic import Field

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """What the metrics service reads from its environment."""

    small_cell_minimum: int = Field(
        5, ge=2, description="Counts below this are hidden from the public, with what would give them away."
    )
