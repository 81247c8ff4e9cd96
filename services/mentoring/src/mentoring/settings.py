"""The settings of the mentoring service."""

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """What the mentoring service reads from its environment: so far only what every service does."""
