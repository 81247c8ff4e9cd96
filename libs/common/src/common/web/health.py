"""Whether a process lives, is ready and what it is: the pages that Kubernetes, `doctor` and people ask for.

Alive means the loop turns, and nothing else. Ready means it can do its work now: that is checked by asking.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from common import telemetry

Check = Callable[[], Awaitable[str]]
"""Looks at one thing this process needs: returns what it saw, or raises."""

_CHECK_SECONDS = 2.0

_log = logging.getLogger(__name__)


@dataclass
class Health:
    """What a process checks before it says that it is ready; `draining` turns readiness off before the end."""

    service: str
    version: str
    checks: Mapping[str, Check]
    draining: bool = field(default=False)

    async def readiness(self) -> tuple[bool, dict[str, object]]:
        """Run every check at once; return whether all are good, and a report that says what each found."""
        ready, findings = await self.look()
        state = "draining" if self.draining else "ready" if ready else "not ready"
        checks = {each.name: {"state": "good" if each.good else "bad", "detail": each.said} for each in findings}
        return ready, {"service": self.service, "state": state, "checks": checks}

    async def look(self) -> tuple[bool, Sequence["Looked"]]:
        """The same as what it is made of."""
        findings = await asyncio.gather(*(self._look(name, check) for name, check in self.checks.items()))
        return not self.draining and all(each.good for each in findings), findings

    async def _look(self, name: str, check: Check) -> "Looked":
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                return Looked(name, good=True, said=await check())
        except NotReady as reason:
            return Looked(name, good=False, said=str(reason))
        except Exception as error:  # noqa: BLE001  whatever it is, this process is not ready, and must say so
            _log.warning("the readiness check %s failed: %s", name, type(error).__name__)
            return Looked(name, good=False, said=type(error).__name__)


@dataclass(frozen=True, slots=True)
class Looked:
    """What one check found."""

    name: str
    good: bool
    said: str


class NotReady(Exception):
    """A check's own words for what is missing and how to remedy it."""


def health_routes(health: Health) -> list[Route]:
    """The routes of an API or a worker; none of them is part of the documented interface."""

    async def livez(_request: Request) -> Response:
        return JSONResponse({"service": health.service, "state": "alive"})

    async def readyz(_request: Request) -> Response:
        ready, report = await health.readiness()
        return JSONResponse(report, status_code=200 if ready else 503)

    async def version(_request: Request) -> Response:
        return JSONResponse({"service": health.service, "version": health.version})

    async def metrics(_request: Request) -> Response:
        return Response(telemetry.openmetrics(), headers={"Content-Type": telemetry.OPENMETRICS_MEDIA_TYPE})

    return [
        Route("/livez", livez),
        Route("/readyz", readyz),
        # Started is ready once: a probe that asks the same question, with more patience.
        Route("/startupz", readyz),
        Route("/version", version),
        Route("/openmetrics", metrics),
    ]
