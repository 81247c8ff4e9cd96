"""A failpoint acts where and when it was told to, says so first, and an unknown one is refused."""

import json
from collections.abc import Iterator

import pytest

from common import failpoints


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    failpoints.arm("")


async def test_it_acts_on_the_hit_it_was_told_to_and_writes_it_down_first(capfd: pytest.CaptureFixture[str]):
    failpoints.arm("relay.after_send=raise@2")
    await failpoints.hit("relay.after_send")
    with pytest.raises(failpoints.Injected):
        await failpoints.hit("relay.after_send")
    await failpoints.hit("relay.after_send")
    [line] = capfd.readouterr().err.splitlines()
    assert {"failpoint": "relay.after_send", "action": "raise", "hit": 2}.items() <= json.loads(line).items()


@pytest.mark.parametrize("spec", ["relay.after_sned=kill9", "relay.after_send=explode", "relay.after_send=pause", "x"])
def test_a_misspelt_failpoint_is_refused(spec: str):
    with pytest.raises(ValueError, match="FAILPOINTS"):
        failpoints.arm(spec)
