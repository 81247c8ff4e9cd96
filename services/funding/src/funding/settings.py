"""What funding reads from its environment: nothing beside what every service reads."""

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """Rates, caps and budgets are data that people propose and confirm, so none of them is a setting."""
