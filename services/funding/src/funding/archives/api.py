"""HTTP: an auditor takes the archive of a payment; that it was taken is recorded."""

import hashlib
from typing import Annotated
from uuid import UUID

from fastapi import Response

from common.auth import Principal
from common.web import Now, RecordingTx, allowed, router
from contracts.roles import Role
from funding.archives import queries
from funding.lookbacks import commands as lookbacks

routes = router(tags=["lookbacks"])


@routes.get(
    "/v1/releases/{release_id}/archive",
    operation_id="getPaymentArchive",
    summary="지급 보관 파일 (A payment's archive, to be verified offline)",
    response_class=Response,
    responses={
        200: {
            "description": "ZIP, the same bytes for the same content",
            "headers": {
                "X-Archive-SHA256": {
                    "description": "보관 파일의 해시. 검증할 때 --sha256으로 대조합니다. Its own hash, for --sha256.",
                    "schema": {"type": "string"},
                }
            },
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def get_payment_archive(
    release_id: UUID, by: Annotated[Principal, allowed(Role.AUDITOR)], tx: RecordingTx, now: Now
) -> Response:
    """지급 한 건의 내용, 규칙, 증빙 해시, 결재, 은행 답변, 정산·환수, 이월, 원장과 결정 기록을 한 파일로.

    파일 안의 verify.py로 검증합니다. 받은 사실과 파일의 해시(X-Archive-SHA256)가 기록됩니다.
    The payment with all that explains it in one file, the verifier in it. Recorded with the hash of what was taken.
    """
    release, content = await queries.pack_archive(tx, release_id, by=by)
    sha256 = hashlib.sha256(content).hexdigest()
    await lookbacks.record_reading(tx, release.project_id, "payment-archive", by=by, now=now, sha256=sha256)
    headers = {
        "Content-Disposition": f'attachment; filename="payment-{release_id}.zip"',
        "X-Archive-SHA256": sha256,
    }
    return Response(content, media_type="application/zip", headers=headers)
