"""The four services in one process on real PostgreSQL, each with the things of two owners in it."""

import importlib
import pkgutil
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from smartfactory.stack.provision import DatabaseUrls
from tests.support.access import features
from tests.support.access.applicant import applicant_world
from tests.support.access.funding import funding_world
from tests.support.access.listeners import mentoring_world, metrics_world
from tests.support.access.parked import with_parked_event
from tests.support.access.worlds import World

_WORLDS = {
    "applicant": applicant_world,
    "funding": funding_world,
    "mentoring": mentoring_world,
    "metrics": metrics_world,
}
BUILT_OF = tuple(_WORLDS)
"""The services that have a world."""


@asynccontextmanager
async def built_worlds(urls: Mapping[str, DatabaseUrls]) -> AsyncIterator[dict[str, World]]:
    """A world of each service over its own migrated database."""
    async with AsyncExitStack() as stack:
        built = {name: await stack.enter_async_context(world(urls[name])) for name, world in _WORLDS.items()}
        yield {name: await _whole(world) for name, world in built.items()}


async def _whole(world: World) -> World:
    """The service with a parked event, and with what each of its features adds in a file of its own."""
    world = await with_parked_event(world)
    for found in pkgutil.iter_modules(features.__path__, features.__name__ + "."):
        feature = importlib.import_module(found.name)
        if world.service == feature.SERVICE:
            world = await feature.add_to(world)
    return world
