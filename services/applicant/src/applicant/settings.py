"""What the applicant service reads from its environment beside what all services do.

The outside registers speak plain JSON; an answer must echo the business number it is about:

    GET {TAX_OFFICE_URL}/v1/businesses/{business_number}?on=YYYY-MM-DD
        -> business_number, status ACTIVE | SUSPENDED | CLOSED, national_tax_arrears, local_tax_arrears
    GET {SME_STATUS_URL}/v1/firms/{business_number}?on=YYYY-MM-DD
        -> business_number, size_class, certificate_number, valid_from, valid_to, concurrent_project, supported_before
    GET {DEBARMENT_URL}/v1/firms/{business_number}?on=YYYY-MM-DD&corporate_number=
        -> business_number, excluded, until, ground, registered_supplier

Notices leave by a mail port, which takes each Idempotency-Key once and echoes it:

    POST {MAIL_URL}/v1/messages   Idempotency-Key: <letter>   to, subject, body
        -> accepted <letter>; 422 when the address is none that mail can go to

Anything else (another status, no JSON, a missing field, another firm's number) counts as no answer.
"""

import tempfile
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from common.errors import Text
from common.setting_texts import broker_list
from common.settings import ServiceSettings, WebAddress, https_faults

# Finding it looks at the disk: when the program starts, and in nobody's request.
_OWN_FOLDER = Path(tempfile.gettempdir()) / "smartfactory-documents"


def _one_scanner(value: str) -> str:
    return broker_list(value) if value else value


class Settings(ServiceSettings):
    """The registers that screening asks and the mail port that notices leave by, and how patiently."""

    tax_office_url: WebAddress = Field(
        "http://127.0.0.1:8080/registers/tax-office", description="The tax office's register (rules R-05 and R-06)."
    )
    sme_status_url: WebAddress = Field(
        "http://127.0.0.1:8080/registers/sme-status", description="The register of size certificates (rule R-02)."
    )
    debarment_url: WebAddress = Field(
        "http://127.0.0.1:8080/registers/debarment", description="The exclusion list (rules R-10 and R-11)."
    )
    register_timeout_seconds: float = Field(
        2.0, gt=0, le=20, description="How long one register may take to answer before the check is put off."
    )
    register_batch_size: int = Field(
        32, ge=1, le=200, description="Checks that one worker claims and asks about at a time."
    )
    register_lease_seconds: float = Field(
        60.0, gt=0, description="How long a claimed check is left to its worker before another may take it."
    )
    register_first_wait_seconds: float = Field(
        0.5, gt=0, description="Wait before asking a register again after its first failure; doubles each time."
    )
    register_longest_wait_seconds: float = Field(
        60.0, gt=0, description="The longest wait between two attempts at one register."
    )

    mail_url: WebAddress = Field("http://127.0.0.1:8080/mail", description="The mail port that notices leave by.")
    mail_timeout_seconds: float = Field(
        5.0, gt=0, le=20, description="How long the mail port may take to accept a notice before it is sent again."
    )
    operator_mailbox: str = Field(
        "operator@jtp.example",
        description="Where the Technopark's alerts go until it has confirmed its own mailbox: an office's address.",
    )
    province_mailbox: str = Field(
        "office@jeonbuk.example",
        description="Where the province's alerts go until it has confirmed its own mailbox: an office's address.",
    )
    notice_batch_size: int = Field(32, ge=1, le=200, description="Notices that one worker delivers at a time.")
    notice_lease_seconds: float = Field(
        60.0, gt=0, description="How long a claimed notice is left to its worker before another may deliver it."
    )
    notice_first_wait_seconds: float = Field(
        1.0, gt=0, description="Wait before a notice is delivered again after its first failure; doubles each time."
    )
    notice_longest_wait_seconds: float = Field(
        1_800.0, gt=0, description="The longest wait between two attempts to deliver a notice."
    )
    notice_attempts_max: int = Field(
        60, ge=1, le=1_000, description="Attempts after which a notice is given up and shown to the operator."
    )

    documents_folder: Path | None = Field(
        None,
        description="Folder of uploaded documents, shared by all processes; unset means one of this machine's own.",
    )
    document_bytes_max: int = Field(20_971_520, ge=1024, description="Largest document, all of its parts together.")
    document_upload_hours: int = Field(
        24, ge=1, description="Hours of programme time after which an upload that nobody went on with ends."
    )
    document_sweep_seconds: float = Field(
        3_600.0, ge=0, description="Age at which a content that no row names is removed; longer than any request."
    )
    document_scanner: Annotated[str, AfterValidator(_one_scanner)] = Field(
        "", description="clamd as `host:port`; unset means the test scanner, which knows the EICAR text only."
    )
    document_scanner_seconds: float = Field(5.0, gt=0, le=20, description="How long clamd may take for one answer.")

    invitation_valid_days: int = Field(
        7, ge=1, le=90, description="Days of programme time in which an invitation of company staff can be accepted."
    )

    def documents(self) -> Path:
        """Where documents are kept."""
        return self.documents_folder or _OWN_FOLDER

    def production_faults(self) -> list[Text]:
        """Registers hold personal and tax data, mail has addresses: production asks them over https only."""
        addresses = {
            "TAX_OFFICE_URL": self.tax_office_url,
            "SME_STATUS_URL": self.sme_status_url,
            "DEBARMENT_URL": self.debarment_url,
            "MAIL_URL": self.mail_url,
        }
        remedy = Text("그 시스템의 https 주소를 적으세요", "set it to the https address of that system")
        faults = [*super().production_faults(), *self._documents_faults()]
        for name, address in addresses.items():
            faults += https_faults(name, address, remedy)
        return faults

    def _documents_faults(self) -> list[Text]:
        faults = []
        if self.documents_folder is None:
            faults.append(
                Text(
                    "DOCUMENTS_FOLDER이(가) 설정되지 않았습니다: 모든 복제본이 함께 쓰는 폴더를 적으세요",
                    "DOCUMENTS_FOLDER is not set: set it to a folder that all replicas share",
                )
            )
        if not self.document_scanner:
            faults.append(
                Text(
                    "DOCUMENT_SCANNER이(가) 설정되지 않았습니다: clamd의 host:port를 적으세요."
                    " 없으면 올린 파일을 검사하지 않습니다",
                    "DOCUMENT_SCANNER is not set: set it to clamd's host:port, uploads are not scanned without it",
                )
            )
        return faults
