"""What funding reads from its environment: the bank that pays, and how patiently it is asked.

The bank speaks plain JSON, and an order's `reference` is ours: the same reference is the same payment, paid once.

    POST {BANK_URL}/v1/orders             reference, amount_won, payee_account
    GET  {BANK_URL}/v1/orders/{reference}
        -> reference, amount_won, status DONE | PENDING | FAILED, transaction (with DONE)
        -> 404: the bank knows no such order

Anything else (another status, no JSON, a missing field, another reference or amount) counts as no answer.
"""

from pydantic import Field

from common.errors import Text
from common.settings import ServiceSettings, WebAddress, https_faults


class Settings(ServiceSettings):
    """Rates, caps and budgets are data that people propose and confirm, so none of them is a setting."""

    bank_url: WebAddress = Field(
        "http://127.0.0.1:8080/registers/bank", description="The bank that orders are brought to."
    )
    bank_timeout_seconds: float = Field(
        5.0, gt=0, le=20, description="How long the bank may take to answer before what it did counts as unknown."
    )
    bank_batch_size: int = Field(16, ge=1, le=100, description="Orders that one worker claims and brings at a time.")
    bank_lease_seconds: float = Field(
        30.0, gt=0, description="How long a claimed order is left to its worker; longer than the bank may take."
    )
    bank_first_wait_seconds: float = Field(
        1.0, gt=0, description="Wait before asking about an order again after the first unknown; doubles each time."
    )
    bank_longest_wait_seconds: float = Field(
        300.0, gt=0, description="The longest wait between two questions about one order."
    )
    bank_give_up_seconds: float = Field(
        3_600.0, gt=0, description="How long an order may stay unknown before it is shown to people; it is asked on."
    )

    def production_faults(self) -> list[Text]:
        """Payment orders hold accounts: production brings them over https only, and outlives a slow answer."""
        remedy = Text("은행의 https 주소를 적으세요", "set it to the bank's https address")
        faults = [*super().production_faults(), *https_faults("BANK_URL", self.bank_url, remedy)]
        if self.bank_lease_seconds <= self.bank_timeout_seconds:
            faults.append(
                Text(
                    "BANK_LEASE_SECONDS가 BANK_TIMEOUT_SECONDS보다 크지 않습니다: 늘리세요."
                    " 그대로면 두 작업자가 함께 묻습니다",
                    "BANK_LEASE_SECONDS is not above BANK_TIMEOUT_SECONDS: raise it, or two workers ask at once",
                )
            )
        return faults
