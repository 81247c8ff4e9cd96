"""What lies outside the services in a drill, in a thread of its own: the issuer's keys, registers, bank and mail port."""

import threading
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from common.clock import SystemClock
from smartfactory.simulators.app import build_simulators
from smartfactory.simulators.bank import Bank
from smartfactory.simulators.mail import Mailbox, build_mail
from smartfactory.simulators.registers import Registers
from smartfactory.stack import ports
from tests.support.tokens import Issuer
from tests.support.waiting import eventually_now


class Outside:
    """Serves until closed; a thread, so that a drill that waits for a server does not keep others waiting."""

    def __init__(self, folder: Path) -> None:
        self.issuer = Issuer()
        self.port = ports.free_port()
        folder.mkdir(parents=True, exist_ok=True)

        async def keys(_request: Request) -> JSONResponse:
            return JSONResponse(self.issuer.jwks())

        self.bank = Bank(folder / "bank.jsonl")
        registers = build_simulators(Registers(folder / "firms.json"), SystemClock(), self.bank)
        self.mail = Mailbox(folder / "mail.jsonl")
        routes = [Route("/jwks.json", keys), Mount("/registers", registers), Mount("/mail", build_mail(self.mail))]
        app = Starlette(routes=routes)
        config = uvicorn.Config(app, host="127.0.0.1", port=self.port, log_config=None, access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        eventually_now(lambda: self._server.started, what="the issuer and the registers serve")

    @property
    def settings(self) -> dict[str, str]:
        """What a service needs to know to reach it."""
        here = f"http://127.0.0.1:{self.port}"
        return {
            "JWKS_URL": f"{here}/jwks.json",
            "TAX_OFFICE_URL": f"{here}/registers/tax-office",
            "SME_STATUS_URL": f"{here}/registers/sme-status",
            "DEBARMENT_URL": f"{here}/registers/debarment",
            "MAIL_URL": f"{here}/mail",
            "BANK_URL": f"{here}/registers/bank",
        }

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
