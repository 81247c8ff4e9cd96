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

from pydantic import Field

from common.settings import ServiceSettings

# Finding it looks at the disk: when the program starts, and in nobody's request.
_OWN_FOLDER = Path(tempfile.gettempdir()) / "smartfactory-documents"


class Settings(ServiceSettings):
    """The registers that screening asks and the mail port that notices leave by, and how patiently."""

    tax_office_url: str = Field(
        "http://127.0.0.1:8080/registers/tax-office", description="The tax office's register (rules R-05 and R-06)."
    )
    sme_status_url: str = Field(
        "http://127.0.0.1:8080/registers/sme-status", description="The register of size certificates (rule R-02)."
    )
    debarment_url: str = Field(
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

    mail_url: str = Field("http://127.0.0.1:8080/mail", description="The mail port that notices leave by.")
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
    document_scanner: str = Field(
        "", description="clamd as `host:port`; unset means the test scanner, which knows the EICAR text only."
    )
    document_scanner_seconds: float = Field(5.0, gt=0, le=20, description="How long clamd may take for one answer.")

    invitation_valid_days: int = Field(
        7, ge=1, le=90, description="Days of programme time in which an invitation of company staff can be accepted."
    )

    def documents(self) -> Path:
        """Where documents are kept."""
        return self.documents_folder or _OWN_FOLDER

    def production_faults(self) -> list[str]:
        """Registers hold personal and tax data, mail has addresses: production asks them over https only."""
        addresses = {
            "TAX_OFFICE_URL": self.tax_office_url,
            "SME_STATUS_URL": self.sme_status_url,
            "DEBARMENT_URL": self.debarment_url,
            "MAIL_URL": self.mail_url,
        }
        return [
            *super().production_faults(),
            *self._documents_faults(),
            *(
                f"{name} is not https: set it to the https address of that system"
                for name, address in addresses.items()
                if not address.startswith("https://")
            ),
        ]

    def _documents_faults(self) -> list[str]:
        faults = []
        if self.documents_folder is None:
            faults.append("DOCUMENTS_FOLDER is not set: set it to a folder that all replicas share")
        if not self.document_scanner:
            faults.append(
                "DOCUMENT_SCANNER is not set: set it to clamd's host:port, uploads are not scanned without it"
            )
        return faults
