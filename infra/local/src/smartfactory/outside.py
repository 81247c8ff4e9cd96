"""One process for everything outside the programme that a local installation needs: issuer, registers, bank and mail.

Started as `python -m smartfactory.outside`; the gateway publishes `/issuer`. `/registers` and `/mail` are seen by the
loopback only, or in a container (HTTP_HOST) by its neighbours.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from common.clock import Clock, FileClock, SystemClock
from common.setting_texts import web_origin
from smartfactory.issuer.app import IssuerOptions, IssuerRefused, build_issuer
from smartfactory.issuer.authorization import Client
from smartfactory.simulators.app import ABORT, build_simulators
from smartfactory.simulators.bank import BANK_BOOK, Bank
from smartfactory.simulators.mail import Mailbox, build_mail
from smartfactory.simulators.registers import Registers


class _AbortableProtocol(HttpToolsProtocol):
    """Lets an application drop a connection without an answer, as a host that is down does."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = cast("dict[str, dict[object, object]]", {ABORT: self.transport.abort})


def build_outside(options: IssuerOptions, clock: Clock) -> FastAPI:
    """Build issuer, registers and mail port under one roof."""
    app = FastAPI(title="Outside", docs_url=None, redoc_url=None, openapi_url=None)
    registers = Registers(options.directory / "firms.json")
    app.mount("/issuer", build_issuer(options))
    app.mount("/registers", build_simulators(registers, clock, Bank(options.directory / BANK_BOOK)))
    app.mount("/mail", build_mail(Mailbox(options.directory / "mail.jsonl")))

    @app.get("/readyz")
    def ready() -> dict[str, str]:
        return {"status": "ready"}

    return app


def _client_of(environment: Mapping[str, str]) -> Client | None:
    """The web pages, which people sign in to; without their origin nobody can."""
    said = environment.get("PAGES_ORIGIN")
    if not said:
        return None
    origin = web_origin(said)  # as the pages read it, which come back under what they have read
    return Client(
        client_id=environment["SIGN_IN_CLIENT_ID"],
        secret=environment["SIGN_IN_CLIENT_SECRET"],
        redirect_uris=(f"{origin}/signed-in",),
        post_logout_redirect_uris=(f"{origin}/signed-out",),
    )


def cli() -> int:
    """Serve until told to stop."""
    directory = Path(os.environ["OUTSIDE_DIRECTORY"])
    clock_file = os.environ.get("PROGRAMME_CLOCK_FILE")
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        app = build_outside(
            IssuerOptions(
                app_env=os.environ.get("APP_ENV"),
                issuer=os.environ["ISSUER"],
                audience=os.environ.get("AUDIENCE", "smartfactory"),
                directory=directory,
                admin_secret=os.environ["OUTSIDE_SECRET"],
                address=os.environ.get("ISSUER_ADDRESS", ""),
                inside=os.environ.get("ISSUER_INSIDE", ""),
                client=_client_of(os.environ),
            ),
            FileClock(Path(clock_file)) if clock_file else SystemClock(),
        )
    except IssuerRefused as refused:
        print(refused, file=sys.stderr)
        return 78
    host, port = os.environ.get("HTTP_HOST", "127.0.0.1"), int(os.environ["HTTP_PORT"])
    uvicorn.run(app, host=host, port=port, http=_AbortableProtocol, log_level="warning", access_log=False)
    return 0


if __name__ == "__main__":
    raise SystemExit(cli())
