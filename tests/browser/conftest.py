"""One Chromium for all tests of a run that open pages in it."""

from collections.abc import AsyncIterator

import pytest

from tools.browser import Browser, NoBrowser
from tools.browser import browser as started


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The browser; where there is none, and none can be installed, its tests are skipped and say why."""
    try:
        async with started() as running:
            yield running
    except NoBrowser as reason:
        pytest.skip(str(reason))
