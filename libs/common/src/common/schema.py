"""The tables every service has beside its own."""

from sqlalchemy import MetaData

metadata = MetaData()
