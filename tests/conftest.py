"""What every test shares: async tests run on asyncio, in one loop for the whole session.

Session-wide servers (tests/support/servers.py) hold connections, so their loop must outlive a module.
"""

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
