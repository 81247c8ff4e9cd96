"""Who finds what on the page of the target: everybody what everybody may know, and whoever may read it all, all."""

from collections.abc import AsyncIterator, Callable
from uuid import UUID

import pytest

from contracts.applicant import ProjectTerminated
from contracts.roles import Role
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.builders import project_selected
from tests.support.listening import Listener, listener
from tests.support.outcomes import built, facts
from tests.support.signing_in import HTML, said

pytestmark = pytest.mark.anyio
JEONJU, GUNSAN = "52110", "52130"


@pytest.fixture
async def metrics(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("metrics", migrated=True)) as running:
        firms = [project_selected() for _ in range(6)] + [project_selected(municipality_code=GUNSAN)]
        await built(running, *firms)
        ended = firms[-1]
        told = ProjectTerminated(**facts(ended), termination_id=ended.project_id, cause="FRAUD", fault_party="ADOPTER")
        await running.tell(told)
        yield running


async def read(metrics: Listener, role: str | None = None, tenant: str = "52") -> str:
    headers = metrics.issuer.headers(role=role, tenant=tenant) if role else {}
    page = await metrics.http.get("/gauge?lang=ko", headers={**HTML, **headers})
    assert page.status_code == 200, page.text
    return said(page)


async def test_everybody_reads_no_stage_of_a_place_that_could_be_one_firm(metrics: Listener) -> None:
    for page in (await read(metrics), await read(metrics, Role.COMPANY_OWNER, str(UUID(int=5)))):
        assert "모든 단계" not in page
        assert "군산시 비공개 비공개" in page
        assert "해지 비공개" in page


async def test_who_oversees_all_reads_every_stage_and_what_left_the_count(metrics: Listener) -> None:
    page = await read(metrics, Role.PROVINCE_OFFICER)
    assert "전주시 B 0 0 6 미확인 0 0 6" in page
    assert "군산시 B 0 0 0 미확인 0 1 0" in page
    assert "2024-05-20 10:00 KST 2023-08-01 10:00 KST 군산시 B" in page


async def test_a_municipality_reads_its_own_and_no_other_s(metrics: Listener) -> None:
    page = await read(metrics, Role.MUNICIPALITY_OFFICER, JEONJU)
    assert "전주시 B 0 0 6 미확인 0 0 6" in page
    assert "군산시 B 0 0 0" not in page
    assert "완료 뒤에 해지된 곳이 없습니다." in page
