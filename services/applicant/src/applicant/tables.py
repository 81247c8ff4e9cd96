"""The applicant service's table registry: every feature's tables register here, beside those of the common mechanisms."""

from common.db import new_tables

Tables = new_tables()
