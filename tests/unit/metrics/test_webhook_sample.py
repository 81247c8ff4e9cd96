"""The sample of docs/webhooks.md, as it stands there, tells our deliveries from forged, changed and old ones."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from metrics.webhooks.domain import messages, signatures
from metrics.webhooks.store.endpoints import RULE
from tests.repo.tree import ROOT

PAGE = (ROOT / "docs/webhooks.md").read_text("utf-8")
NEW, OLD, OTHER = (signatures.secret_of(b"key", UUID(int=1), salt) for salt in (b"new", b"old", b"other"))


@pytest.fixture(scope="module")
def verify() -> Callable[..., bool]:
    (sample,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(sample, names)
    return names["verify"]


@pytest.mark.promise("R32")
def test_it_verifies_ours_by_either_secret_and_nothing_else(verify: Callable[..., bool]):
    now, body = datetime.now(UTC), b'{"type":"seat.empty"}'
    good = dict(signatures.headers("id", body, [NEW, OLD], at=now))
    assert verify(good, body, signatures.shown(NEW))
    assert verify(good, body, signatures.shown(OLD))
    assert not verify(good, body, signatures.shown(OTHER))
    assert not verify(good, body + b" ", signatures.shown(NEW))
    assert not verify(good | {"webhook-id": "another"}, body, signatures.shown(NEW))
    for forged in ({"webhook-signature": "v1,\u00e9"}, {"webhook-timestamp": "\u0661"}, {"webhook-timestamp": ""}):
        assert not verify(good | forged, body, signatures.shown(NEW))
    old = dict(signatures.headers("id", body, [NEW], at=now - timedelta(minutes=6)))
    assert not verify(old, body, signatures.shown(NEW))


def test_the_page_names_every_type_and_the_waits_of_the_rule():
    written = set(re.findall(r"`([a-z]+\.[a-z_]+)`", PAGE)) | {"residency.started", "residency.ended"}
    assert {str(each) for each in messages.MessageType} - written == set()
    assert RULE.waits_seconds == (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
    assert "5초, 5분, 30분, 2시간, 5시간, 10시간, 14시간, 20시간, 24시간" in PAGE
    assert RULE.rotation_hours == 24
