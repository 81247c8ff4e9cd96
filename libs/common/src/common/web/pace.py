"""How often one caller may ask: some at once, and then so many a minute. In the memory of one process."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

_CALLERS_MAX = 1_000


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Pace:
    """A bucket for each caller that fills evenly, up to `at_once`."""

    def __init__(self, *, per_minute: int, at_once: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._at_once, self._monotonic = per_minute / 60, at_once, monotonic
        self._buckets: dict[str, _Bucket] = {}

    def take(self, who: str) -> int:
        """Count one request; 0 if it may be served, or in how many seconds to come again."""
        now = self._monotonic()
        bucket = self._buckets.get(who)
        if bucket is None:
            self._forget_full(now)
            bucket = self._buckets[who] = _Bucket(self._at_once, now)
        bucket.left, bucket.at = self._filled(bucket, now), now
        if bucket.left >= 1:
            bucket.left -= 1
            return 0
        return ceil((1 - bucket.left) / self._per_second)

    def _filled(self, bucket: _Bucket, now: float) -> float:
        return min(self._at_once, bucket.left + (now - bucket.at) * self._per_second)

    def _forget_full(self, now: float) -> None:
        """Who has not asked for long is as one who never has."""
        if len(self._buckets) >= _CALLERS_MAX:
            full = [who for who, bucket in self._buckets.items() if self._filled(bucket, now) >= self._at_once]
            for who in full or list(self._buckets)[:1]:
                del self._buckets[who]
