"""The registers over HTTP, one path each, and the switchboard that makes them misbehave.

    GET /tax-office/v1/businesses/{business_number}   status ACTIVE | SUSPENDED | CLOSED, arrears   (rules R-05, R-06)
    GET /sme-status/v1/firms/{business_number}        size class and its certificate               (rule R-02)
    GET /debarment/v1/firms/{business_number}         exclusion, and the pool of suppliers         (rules R-10, R-11)
    POST /bank/v1/orders                              pays a reference once, see `simulators.bank`
    GET /bank/v1/orders/{reference}                   what became of it, or 404
    PUT /admin/bank                                   {"mode": "PAY|FAIL|SILENT_AFTER|SILENT_BEFORE|MIXED"}
    PUT /admin/firms                                  [Firm, ...]
    PUT /admin/registers/{register}                   {"mode": "ANSWER|REFUSE|SLOW|DOWN", "delay_seconds": 5}

An unknown firm is in good standing; a business number that is not ten digits gets 404.
"""

import asyncio
from collections.abc import Callable
from typing import Annotated, cast

from fastapi import APIRouter, FastAPI, HTTPException, Path, Query, Request, params

from common.clock import Clock
from smartfactory.simulators.bank import Bank, BankBehaviour, BankMode, Order, OtherOrder, Told
from smartfactory.simulators.registers import Behaviour, Firm, Mode, Register, Registers

ABORT = "smartfactory.abort"
"""The ASGI extension (see `smartfactory.outside`) that drops a connection without an answer."""


def build_simulators(registers: Registers, clock: Clock, bank: Bank | None = None) -> FastAPI:
    """Build the application over one set of registers, which answer as of programme time, and one bank."""
    app = FastAPI(title="Outside registers", docs_url=None, redoc_url=None)
    if bank is not None:
        app.include_router(_bank_routes(bank))
    tax_office, sme, debarred = (_as_it_behaves(registers, register) for register in Register)

    @app.get("/tax-office/v1/businesses/{business_number}", dependencies=[tax_office])
    def tax_status(business_number: _BusinessNumber) -> dict[str, object]:
        firm = registers.firm(_ten_digits(business_number))
        return {
            "business_number": firm.business_number,
            "status": firm.tax_state,
            "national_tax_arrears": firm.tax_arrears,
            "local_tax_arrears": False,
            "checked_at": clock.now().isoformat(),
        }

    @app.get("/sme-status/v1/firms/{business_number}", dependencies=[sme])
    def sme_status(business_number: _BusinessNumber) -> dict[str, object]:
        firm = registers.firm(_ten_digits(business_number))
        return {
            "business_number": firm.business_number,
            "size_class": firm.size_class,
            "certificate_number": f"0010-{firm.business_number}",
            "valid_from": "2020-01-01",
            "valid_to": "2039-12-31",
            "concurrent_project": firm.concurrent_project,
            "supported_before": firm.supported_before,
        }

    @app.get("/debarment/v1/firms/{business_number}", dependencies=[debarred])
    def debarment(business_number: _BusinessNumber, corporate_number: _CorporateNumber = None) -> dict[str, object]:
        firm = registers.firm(_ten_digits(business_number))
        excluded = registers.excluded(firm, corporate_number)
        return {
            "business_number": firm.business_number,
            "corporate_number": firm.corporate_number,
            "excluded": excluded,
            "until": None,
            "ground": "synthetic entry of the local register" if excluded else None,
            "registered_supplier": firm.registered_supplier,
        }

    @app.put("/admin/firms")
    def tell(firms: list[Firm]) -> dict[str, int]:
        registers.tell(firms)
        return {"known": len(registers.firms)}

    @app.put("/admin/registers/{register}")
    def switch(register: Register, behaviour: Behaviour) -> Behaviour:
        registers.behaviours[register] = behaviour
        return behaviour

    @app.get("/admin/registers")
    def behaviours() -> dict[str, Behaviour]:
        return {register.value: registers.behaviour(register) for register in Register}

    return app


def _bank_routes(bank: Bank) -> APIRouter:
    routes = APIRouter()

    @routes.post("/bank/v1/orders")
    async def take(order: Order, request: Request) -> Told:
        mode = bank.mode_for(order.reference)
        if mode is BankMode.SILENT_BEFORE:
            _abort(request)()
            raise HTTPException(503, "silent")
        try:
            told = bank.take(order, refuse=mode is BankMode.FAIL)
        except OtherOrder as other:
            raise HTTPException(409, "this reference was used for another order") from other
        if mode is BankMode.SILENT_AFTER:
            _abort(request)()
            raise HTTPException(503, "silent")
        return told

    @routes.get("/bank/v1/orders/{reference}")
    async def find(reference: str) -> Told:
        told = bank.find(reference)
        if told is None:
            raise HTTPException(404, "no such order")
        return told

    @routes.put("/admin/bank")
    def switch(behaviour: BankBehaviour) -> BankBehaviour:
        bank.behaviour = behaviour
        return behaviour

    return routes


_BusinessNumber = Annotated[str, Path(max_length=20)]
_CorporateNumber = Annotated[str | None, Query(max_length=20)]
_DIGITS = 10


def _ten_digits(business_number: str) -> str:
    if len(business_number) != _DIGITS or not (business_number.isascii() and business_number.isdigit()):
        raise HTTPException(404, "not a business number")
    return business_number


def _as_it_behaves(registers: Registers, register: Register) -> params.Depends:
    async def behave(request: Request) -> None:
        behaviour = registers.behaviour(register)
        match behaviour.mode:
            case Mode.REFUSE:
                raise HTTPException(403, "the register refuses this caller")
            case Mode.SLOW:
                await asyncio.sleep(behaviour.delay_seconds)
            case Mode.DOWN:
                _abort(request)()
                raise HTTPException(503, "down")
            case Mode.ANSWER:
                pass

    return params.Depends(behave)


def _abort(request: Request) -> Callable[[], object]:
    return cast("Callable[[], object]", request.scope.get("extensions", {}).get(ABORT, lambda: None))
