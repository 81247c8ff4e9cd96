"""What the outside registers know, and how each behaves at the moment.

A firm nobody has told about is in good standing, so that a person can try the system with a company of their own;
the same business number always gets the same answer.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class Register(StrEnum):
    """The three systems that screening asks."""

    TAX_OFFICE = "tax-office"
    SME_STATUS = "sme-status"
    DEBARMENT = "debarment"


class Mode(StrEnum):
    """How a register behaves: it answers, answers 403, answers late, or drops the connection."""

    ANSWER = "ANSWER"
    REFUSE = "REFUSE"
    SLOW = "SLOW"
    DOWN = "DOWN"


class Firm(BaseModel):
    """One firm as the registers see it; the fields of `season.options.OutsideFirm`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    business_number: str = Field(pattern=r"^\d{10}$")
    corporate_number: str | None = None
    size_class: Literal["SMALL", "MEDIUM", "MID_SIZED", "LARGE"] = "MEDIUM"
    tax_state: Literal["ACTIVE", "SUSPENDED", "CLOSED"] = "ACTIVE"
    tax_arrears: bool = False
    concurrent_project: bool = False
    supported_before: bool = False
    debarred: bool = False
    registered_supplier: bool = True


class Behaviour(BaseModel):
    """What a test or a person switches a register to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Mode = Mode.ANSWER
    delay_seconds: float = Field(5.0, ge=0, le=60)


_FIRMS = TypeAdapter(list[Firm])


@dataclass
class Registers:
    """The state of all three, kept in a file so that a restart forgets no firm."""

    path: Path
    firms: dict[str, Firm] = field(default_factory=dict)
    behaviours: dict[Register, Behaviour] = field(default_factory=dict)
    _debarred: dict[str, str] = field(default_factory=dict)
    """By business number, the corporate number of each firm that is debarred."""

    def __post_init__(self) -> None:
        if self.path.exists():
            self._know(_FIRMS.validate_json(self.path.read_bytes()))

    def tell(self, firms: Iterable[Firm]) -> None:
        """Make firms known; telling the same again changes nothing."""
        self._know(firms)
        fresh = self.path.with_name(f"{self.path.name}.new")
        fresh.write_text(json.dumps([firm.model_dump() for firm in self.firms.values()], ensure_ascii=False))
        fresh.replace(self.path)

    def firm(self, business_number: str) -> Firm:
        """What is known of a firm, or good standing."""
        return self.firms.get(business_number) or Firm(business_number=business_number)

    def excluded(self, firm: Firm, corporate_number: str | None) -> bool:
        """Whether the firm is debarred, or was under another name and business number (rule R-10)."""
        numbers = {firm.corporate_number, corporate_number} - {None}
        return firm.debarred or not numbers.isdisjoint(self._debarred.values())

    def behaviour(self, register: Register) -> Behaviour:
        """How the register behaves now."""
        return self.behaviours.get(register, Behaviour())

    def _know(self, firms: Iterable[Firm]) -> None:
        for firm in firms:
            self.firms[firm.business_number] = firm
            self._debarred.pop(firm.business_number, None)
            if firm.debarred and firm.corporate_number is not None:
                self._debarred[firm.business_number] = firm.corporate_number
