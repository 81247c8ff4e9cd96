"""An applicant service per test: its own database, its own clock, its own registers, real PostgreSQL."""

from collections.abc import AsyncIterator, Callable

import pytest

from smartfactory.stack.provision import DatabaseUrls
from tests.support.applicant import Applicant, running_applicant
from tests.support.judging import Judging, running_judging


@pytest.fixture
async def applicant(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Applicant]:
    async with running_applicant(fresh_databases("applicant", migrated=True)["applicant"]) as started:
        yield started


@pytest.fixture
async def judging(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Judging]:
    async with running_judging(fresh_databases("applicant", migrated=True)["applicant"]) as started:
        yield started
