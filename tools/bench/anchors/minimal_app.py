"""The smallest process that could do a service's work: FastAPI, uvicorn and an asyncpg pool."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import uvicorn
from fastapi import FastAPI


@asynccontextmanager
async def _with_pool(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(sys.argv[2], min_size=4, max_size=10) as pool:
        app.state.pool = pool
        yield


def main() -> None:
    """`minimal_app PORT DSN`."""
    app = FastAPI(lifespan=_with_pool)

    @app.get("/readyz")
    async def ready() -> dict[str, int]:
        return {"answer": await app.state.pool.fetchval("SELECT 1")}

    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools", log_config=None)


if __name__ == "__main__":
    main()
