"""One trace goes through outbox, Kafka and the other process's commit, and any CloudEvents reader reads the wire."""

import json

from cloudevents.core.bindings import kafka as binding
from cloudevents.core.formats.json import JSONFormat
from opentelemetry.sdk.trace import TracerProvider

from common import context, outbox
from common.event import new_id
from tests.support.parcels.driver import AT, rows, sequences_of, tell
from tests.support.parcels.events import DeliveryMade, ParcelSent
from tests.support.parcels.running import Parcels
from tests.support.waiting import eventually


async def test_the_consumers_span_goes_on_with_the_producers_trace_and_covers_its_commit(parcels: Parcels, monkeypatch):
    tracer = TracerProvider().get_tracer("test")
    monkeypatch.setattr(outbox, "_tracer", tracer)
    key = new_id()
    with tracer.start_as_current_span("request") as request, context.carried(correlation="corr-7"):
        async with parcels.database.transaction() as tx:
            await tell(tx, ParcelSent(parcel_id=key, grams=1))
    parcels.worker().start()

    def spans() -> list[dict[str, object]]:
        lines = parcels.span_file.read_text().splitlines() if parcels.span_file.exists() else []
        return [
            span for span in map(json.loads, lines) if span["trace_id"] == f"{request.get_span_context().trace_id:032x}"
        ]

    found = {str(span["name"]): span for span in await eventually(lambda: len(spans()) >= 2 and spans())}
    stored = await rows(parcels.database, "SELECT traceparent FROM outbox ORDER BY id")
    process, create = found[f"process {ParcelSent.TOPIC}"], found[f"create {DeliveryMade.TOPIC}"]
    assert process["parent_id"] == str(stored[0][0]).split("-")[2]
    assert create["parent_id"] == process["span_id"]
    # The span ends after the commit: later than the moment at which the last statement of the transaction ran.
    assert int(str(process["end_ns"])) > int(str(create["end_ns"]))
    chain = await rows(parcels.database, "SELECT correlation_id, causation_id, actor FROM outbox ORDER BY id")
    first_id = (await rows(parcels.database, "SELECT event_id FROM outbox ORDER BY id"))[0][0]
    assert chain == [("corr-7", None, None), ("corr-7", str(first_id), "service:-:parcels")]


async def test_the_cloudevents_sdk_reads_what_is_on_the_wire(parcels: Parcels):
    key = new_id()
    async with parcels.database.transaction() as tx:
        await tell(tx, ParcelSent(parcel_id=key, grams=7, note="소포"))
    parcels.worker().start()
    await eventually(lambda: _delivered(parcels, key))
    [record] = await parcels.topic()
    message = binding.KafkaMessage(headers=dict(record.headers), key=record.key, value=record.value)
    event = binding.from_binary(message, JSONFormat())
    assert event.get_data() == {"parcel_id": str(key), "grams": 7, "note": "소포"}
    assert (event.get_type(), event.get_source(), event.get_subject()) == (ParcelSent.TYPE, "/parcels", str(key))
    assert event.get_time() == AT
    assert event.get_extension("sequence") == "00000000000000000001"
    assert event.get_extension("partitionkey") == str(key)


async def _delivered(parcels: Parcels, key) -> bool:
    return await sequences_of(parcels.database, key) == [1]
