"""Payment archives on this machine: take one as the auditor does, keep it as a file, and verify it offline."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from cyclopts import Parameter
from rich.console import Console

from common.clock import SystemClock
from common.errors import Text
from contracts.payment_archives import main, told, verify
from smartfactory.console import BAD, GOOD
from smartfactory.season import people
from smartfactory.stack.faults import StackFault

_ANSWERED_SECONDS = 20.0

_real_time = SystemClock()

Asking = Callable[[str], Awaitable[bytes]]


def verify_archive(
    archive: Path,
    /,
    *,
    head: str | None = None,
    sha256: str | None = None,
    evidence: Annotated[Path | None, Parameter()] = None,
) -> int:
    """Say what holds in a payment's archive and what does not; nothing need run, and no network is used.

    Parameters
    ----------
    archive
        The ZIP file that the auditor took.
    head
        The last hash of the project's decisions, as told by another way.
    sha256
        The archive's own hash, as told by another way.
    evidence
        A folder of papers to hold against the hashes in the archive.
    """
    options = [("--head", head), ("--sha256", sha256), ("--evidence", evidence)]
    return main([str(archive), *(part for name, value in options if value for part in (name, str(value)))])


async def take_one(
    origin: str, issue_token: Callable[..., Awaitable[str]], kept: Path, console: Console, *, replayed: bool
) -> bool:
    """Take the archive of one paid release, and verify it with the end of its chain; True if it holds.

    Taking one is recorded: a season that is played again only verifies the file it has.
    """
    head = None
    if not await asyncio.to_thread(kept.exists):
        if replayed:
            return True
        auditor = people.AUDITOR
        token = await issue_token(subject=auditor.subject, role=auditor.role, tenant=auditor.tenant)

        async def ask(path: str) -> bytes:
            return await asyncio.to_thread(_get, f"{origin}/funding/v1/{path}", token)

        found = await _archive(ask)
        if found is None:
            return True
        raw, head = found
        await asyncio.to_thread(_keep, kept, raw)
    verdict = verify(await asyncio.to_thread(kept.read_bytes), head=head)
    good = not verdict.findings
    console.print(
        f"{GOOD if good else BAD} 지급 보관 파일 검증 · the archive of a payment, verified offline: {kept}",
        soft_wrap=True,
        highlight=False,
    )
    if not good:
        console.print(told(verdict), markup=False, highlight=False)
    return good


async def _archive(ask: Asking) -> tuple[bytes, str] | None:
    paid: list[Any] = json.loads(await ask("releases?state=POSTED&page_size=1"))["items"]
    if not paid:
        return None
    path = f"releases/{paid[0]['id']}"
    raw = await ask(f"{path}/archive")
    at = _real_time.now().isoformat().replace("+00:00", "Z")
    then = json.loads(await ask(f"{path}/as-of?clock=recorded&at={at}"))
    return raw, str(then["money"]["chain"]["hash"])


def _get(url: str, token: str) -> bytes:
    asked = Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310  our own origin on this machine
    try:
        with urlopen(asked, timeout=_ANSWERED_SECONDS) as answer:  # noqa: S310  the same
            content: bytes = answer.read()
            return content
    except URLError as error:
        raise StackFault(
            Text(f"지급 보관 파일을 받지 못했습니다: {error}", f"No archive of a payment could be taken: {error}"),
            Text("smartfactory check로 상태를 확인해 주세요.", "Look with `smartfactory check`."),
        ) from error


def _keep(path: Path, raw: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
