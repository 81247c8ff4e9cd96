"""Archives of payments in tests: taking one as the auditor, and forging one as a careful forger does."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from contracts import payment_archives as archives
from contracts.payment_archives import CHAINS, JOURNAL, MANIFEST
from tests.support.funding import AUDITOR, Funding

Files = dict[str, bytes]


async def archive_of(funding: Funding, release: Any) -> bytes:
    answer = await funding.get(f"/v1/releases/{release['id']}/archive", AUDITOR)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    return answer.content


def relisted(files: Files) -> Files:
    """What a careful forger does: the list says what the files now are, and where their chains now end."""
    manifest = json.loads(files[MANIFEST])
    last = json.loads(files[JOURNAL].splitlines()[-1])
    chain = {**manifest["chain"], "position": last["position"], "hash": last["hash"]}
    ends = {}
    for line in files.get(CHAINS, b"").splitlines():
        said = json.loads(line)
        ends[json.loads(said["body"])["chain"]] = {"position": said["position"], "hash": said["hash"]}
    listed = {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in files.items()
        if name != MANIFEST
    }
    chains = [{**each, **ends.get(each["chain"], {})} for each in manifest.get("chains", [])]
    return {**files, MANIFEST: archives.written({**manifest, "chain": chain, "chains": chains, "files": listed})}


def edited(name: str, change: Callable[[Any], Any]) -> Callable[[Files], Files]:
    def plant(files: Files) -> Files:
        said = json.loads(files[name])
        change(said)
        return {**files, name: archives.written(said)}

    return plant


def set_at(said: Any, path: str, value: Any) -> None:
    """Put another value at this path of names and numbers."""
    *parts, last = path.split(".")
    for part in parts:
        said = said[int(part) if part.isdigit() else part]
    said[int(last) if last.isdigit() else last] = value
