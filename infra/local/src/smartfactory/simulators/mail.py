"""A stand-in for the mail port: takes each key once, keeps what it delivered, and can be made to misbehave.

    POST /v1/messages      Idempotency-Key: <key>   to, subject, body  ->  accepted <key>
    GET  /admin/messages   what was delivered, with how often each was handed over
    PUT  /admin/behaviour  {"mode": "ANSWER|REFUSE|SLOW|LOSE|DOWN", "delay_seconds": 5}

REFUSE takes nothing and says so; SLOW takes it and answers late; LOSE takes it and drops the connection without an
answer; DOWN takes nothing. An address at `refused.example` is none that mail can go to.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, cast

from fastapi import FastAPI, Header, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from smartfactory.simulators.app import ABORT

_REFUSED = "@refused.example"


class MailMode(StrEnum):
    """How the port behaves at the moment."""

    ANSWER = "ANSWER"
    REFUSE = "REFUSE"
    SLOW = "SLOW"
    LOSE = "LOSE"
    DOWN = "DOWN"


class MailBehaviour(BaseModel):
    """What a test or a person switches the port to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: MailMode = MailMode.ANSWER
    delay_seconds: float = Field(5.0, ge=0, le=60)


class Message(BaseModel):
    """What a service hands over."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: str = Field(min_length=3, max_length=254)
    subject: str = Field(min_length=1, max_length=500)
    body: str = Field(min_length=1, max_length=20_000)


class Delivered(Message):
    """What was delivered under one key, and how often it was handed over."""

    key: str
    handed_over: int


@dataclass
class Mailbox:
    """Everything delivered so far, kept in a file so that a restart delivers nothing again."""

    path: Path
    behaviour: MailBehaviour = field(default_factory=MailBehaviour)
    delivered: dict[str, Delivered] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.path.exists():
            for line in self.path.read_text(encoding="utf-8").splitlines():
                kept = Delivered.model_validate_json(line)
                self.delivered[kept.key] = kept

    def take(self, key: str, message: Message) -> None:
        """Deliver what comes under a new key; the same key again delivers nothing."""
        known = self.delivered.get(key)
        if known is not None:
            self.delivered[key] = known.model_copy(update={"handed_over": known.handed_over + 1})
            return
        fresh = Delivered(**message.model_dump(), key=key, handed_over=1)
        self.delivered[key] = fresh
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(fresh.model_dump(), ensure_ascii=False) + "\n")


def build_mail(box: Mailbox) -> FastAPI:
    """Build the port over one mailbox."""
    app = FastAPI(title="Outside mail", docs_url=None, redoc_url=None)

    @app.post("/v1/messages")
    async def accept(
        message: Message, request: Request, idempotency_key: Annotated[str, Header(min_length=16, max_length=64)]
    ) -> dict[str, str]:
        mode = box.behaviour.mode
        if mode is MailMode.REFUSE:
            raise HTTPException(503, "the port takes nothing now")
        if mode is MailMode.DOWN:
            _abort(request)
        if message.to.endswith(_REFUSED):
            raise HTTPException(422, "mail cannot go to this address")
        box.take(idempotency_key, message)
        if mode is MailMode.LOSE:
            _abort(request)
        if mode is MailMode.SLOW:
            await asyncio.sleep(box.behaviour.delay_seconds)
        return {"accepted": idempotency_key}

    @app.get("/admin/messages")
    def messages() -> list[Delivered]:
        return list(box.delivered.values())

    @app.put("/admin/behaviour")
    def switch(behaviour: MailBehaviour) -> MailBehaviour:
        box.behaviour = behaviour
        return behaviour

    return app


def _abort(request: Request) -> None:
    """Drop the connection; where that cannot be done, an error is the next best."""
    drop = cast("Callable[[], object]", request.scope.get("extensions", {}).get(ABORT, lambda: None))
    drop()
    raise HTTPException(503, "down")
