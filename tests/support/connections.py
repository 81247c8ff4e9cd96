"""Connections of tests to real services."""

import httpx2

from common.http import KEPT_SECONDS


def kept(*, at_most: int = 100) -> httpx2.Limits:
    """Connections that are let go before a service closes them, so that none is closed as a request goes out."""
    return httpx2.Limits(max_connections=at_most, keepalive_expiry=KEPT_SECONDS)
