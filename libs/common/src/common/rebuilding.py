"""The process that makes a service's projection anew, beside the running service."""

import json
import sys

import uvloop

from common.acting import THE_SERVICE
from common.consumer import topics_of
from common.consumer.rebuild import NotTheWholeHistory, Rebuilt, rebuild
from common.db import Database
from common.kafka import KafkaFault
from common.kafka_history import History
from common.service import REFUSED, Service, clock_of
from common.settings import ServiceSettings
from common.worker import kafka_options


def rebuild_projection(service: Service, config: ServiceSettings) -> int:
    """Make the service's projection anew from the first event on, beside the running service."""
    projection = service.projection
    if projection is None:
        sys.stderr.write(f"{service.name} has no projection that events alone could make anew\n")
        return REFUSED

    async def work() -> Rebuilt:
        url = (config.migrations_database_url or config.database_url).get_secret_value()
        database = Database(url, application_name=f"{service.name}-rebuild", acting=THE_SERVICE, pool_size=1)
        heard = topics_of(projection.handlers(service.handlers))
        try:
            async with History(kafka_options(service.name, config), heard) as history:
                return await rebuild(
                    database,
                    history,
                    service.handlers,
                    projection,
                    service=service.name,
                    clock=clock_of(config),
                    tables=service.all_tables(),
                )
        finally:
            await database.dispose()

    try:
        done = uvloop.run(work())
    except (NotTheWholeHistory, KafkaFault) as fault:
        sys.stderr.write(f"{service.name} is not rebuilt, and as it was: {fault}\n")
        return 1
    sys.stdout.write(json.dumps({"service": service.name, "events": done.events, "rows": dict(done.rows)}) + "\n")
    return 0
