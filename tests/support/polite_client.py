"""One client that behaves, in a process of its own: what it waits for is the service, not who shares its interpreter."""

import itertools
import json
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import quantiles

import httpx2

from tests.repo.tree import ROOT
from tests.support.connections import kept

_PAUSE_SECONDS = 0.05
"""The pace of a person's front end: the claim is about waiting, not about throughput."""


@dataclass(frozen=True)
class Behaved:
    """How long each pair of a write and a read took, and how many pairs were not answered as they should be."""

    seconds: Sequence[float]
    failed: int

    @property
    def p99(self) -> float:
        return quantiles(self.seconds, n=100)[98]


def behave(urls: Sequence[str], writing: Mapping[str, str], reading: Mapping[str, str], seconds: float) -> Behaved:
    """Write a note and read some, at each address in turn, for so long."""
    asked = json.dumps({"urls": urls, "writing": writing, "reading": reading, "seconds": seconds})
    argv = [sys.executable, "-m", "tests.support.polite_client"]
    told = subprocess.run(argv, input=asked, capture_output=True, text=True, check=True, cwd=ROOT)
    return Behaved(**json.loads(told.stdout))


def _behave(urls: Sequence[str], writing: Mapping[str, str], reading: Mapping[str, str], seconds: float) -> Behaved:
    took, failed, ends = list[float](), 0, time.monotonic() + seconds
    with httpx2.Client(timeout=10, limits=kept()) as client:
        for url in itertools.cycle(urls):
            began = time.monotonic()
            if began > ends:
                break
            written = client.post(
                url, json={"text": "good", "price_won": 1}, headers={**writing, "Idempotency-Key": str(uuid.uuid4())}
            )
            read = client.get(f"{url}?page_size=5", headers=dict(reading))
            took.append(time.monotonic() - began)
            failed += [written.status_code, read.status_code] != [201, 200]
            threading.Event().wait(max(0.0, _PAUSE_SECONDS - (time.monotonic() - began)))
    return Behaved(took, failed)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(_behave(**json.load(sys.stdin)))))
