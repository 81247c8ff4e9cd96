"""A FastAPI application with one route and nothing around it, and the shipped stack around the same route.

`complete` has all that a shipped route has: token, role, version, request id, deadline, trace, metrics, request log. It
is a PUT, because a shipped POST always keeps its Idempotency-Key in the database; no request asks one. The copy of
denied tokens is read beside them, once a second, so that the stack is given a service's database.
"""

import sys
from pathlib import Path
from typing import Annotated

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, Field
from sqlalchemy import MetaData

from common import telemetry
from common.api import build_app
from common.auth import Principal
from common.errors import Text
from common.service import Service, keep_what_is_made
from common.settings import ServiceSettings
from common.web import Body, IfMatch, Now, View, allowed, router
from contracts.roles import Role

PATH = "/v1/plans/01900000-0000-7000-8000-000000000001"


class Plan(BaseModel):
    project_title: str = Field(min_length=1, max_length=200)
    type_code: str = Field(min_length=1, max_length=16)
    total_cost_won: int = Field(gt=0)
    self_pay_capacity_won: int = Field(ge=0)


class Kept(BaseModel):
    id: str
    project_title: str
    total_cost_won: int
    version: int


class GuardedPlan(Body):
    project_title: str = Field(min_length=1, max_length=200)
    type_code: str = Field(min_length=1, max_length=16)
    total_cost_won: int = Field(gt=0)
    self_pay_capacity_won: int = Field(ge=0)


class GuardedKept(View):
    id: str
    project_title: str
    total_cost_won: int
    version: int


def bare() -> FastAPI:
    """One route, as the first page of FastAPI's tutorial would have it."""
    app = FastAPI()

    @app.put("/v1/plans/{plan_id}")
    async def keep_plan(plan_id: str, body: Plan) -> Kept:
        return Kept(id=plan_id, project_title=body.project_title, total_cost_won=body.total_cost_won, version=2)

    @app.get("/readyz")
    async def ready() -> dict[str, str]:
        return {"status": "ok"}

    return app


def complete(database_url: str) -> FastAPI:
    """The shipped stack around the same route."""
    routes = router(tags=["plans"])

    @routes.put("/v1/plans/{plan_id}", operation_id="keepPlan", summary="Keep a plan")
    async def keep_plan(
        plan_id: str,
        body: GuardedPlan,
        by: Annotated[Principal, allowed(Role.COMPANY_OWNER)],
        version: Annotated[int, IfMatch()],
        now: Now,
    ) -> GuardedKept:
        return GuardedKept(
            id=plan_id, project_title=body.project_title, total_cost_won=body.total_cost_won, version=version + 1
        )

    service = Service(
        name="bench",
        title=Text(ko="측정", en="Bench"),
        settings=ServiceSettings,
        routers=lambda: (routes,),
        migrations=Path(__file__).parent,
        tables=MetaData(),
    )
    config = ServiceSettings(app_env="test", database_url=database_url)  # type: ignore[arg-type]
    telemetry.setup("bench", config)
    return build_app(service, config)


def serve(app: FastAPI, port: int) -> None:
    """Run it as the services run theirs."""
    keep_what_is_made()
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )


if __name__ == "__main__":
    serve(complete(sys.argv[2]) if len(sys.argv) > 2 else bare(), int(sys.argv[1]))  # noqa: PLR2004  PORT [DATABASE_URL]
