"""The settings of the mentoring service."""

from pydantic import Field

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """What the mentoring service reads from its environment."""

    matching_timeout_seconds: float = Field(
        120.0, gt=0, le=3600, description="How long matching one plan may take before it is given up."
    )
    matching_memory_mb: int = Field(
        4096, ge=256, description="Memory that matching one plan may take, in MB, before it is given up."
    )
