"""A payment order as an ISO 20022 message, customer credit transfer initiation (pain.001.001.09), for one release.

Our reference is the end-to-end id, as at the bank's own interface. Whatever of it the standard limits is refused when
it is too long, and never cut: half of an account's number is another account.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from xml.etree import ElementTree as ET

from contracts.types import Won
from funding.releases.domain.refusals import PaymentOrderNotWritable

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
_ACCOUNT_LENGTH = 34
_TEXT_LENGTH = 140


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOrder:
    """What the bank needs to know of one ordered release."""

    release_id: UUID
    amount_won: Won
    debtor: str
    debtor_account: str
    creditor: str
    creditor_account: str
    about: str
    ordered_at: datetime
    execute_on: date


def write(order: PaymentOrder) -> bytes:
    """The order as XML; raises PaymentOrderNotWritable where the standard has no room for what it says."""
    for field, value, longest in (
        ("debtor_account", order.debtor_account, _ACCOUNT_LENGTH),
        ("payee_account", order.creditor_account, _ACCOUNT_LENGTH),
        ("debtor", order.debtor, _TEXT_LENGTH),
        ("about", order.about, _TEXT_LENGTH),
    ):
        if len(value) > longest:
            raise PaymentOrderNotWritable(what=field, longest=longest)
    document = ET.Element("Document", {"xmlns": NAMESPACE})
    initiation = ET.SubElement(document, "CstmrCdtTrfInitn")
    reference, amount = order.release_id.hex, str(order.amount_won)
    header = ET.SubElement(initiation, "GrpHdr")
    _texts(header, MsgId=reference, CreDtTm=order.ordered_at.isoformat(), NbOfTxs="1", CtrlSum=amount)
    _texts(ET.SubElement(header, "InitgPty"), Nm=order.debtor)
    payment = ET.SubElement(initiation, "PmtInf")
    _texts(payment, PmtInfId=reference, PmtMtd="TRF", NbOfTxs="1", CtrlSum=amount)
    _texts(ET.SubElement(payment, "ReqdExctnDt"), Dt=order.execute_on.isoformat())
    _texts(ET.SubElement(payment, "Dbtr"), Nm=order.debtor)
    _account(payment, "DbtrAcct", order.debtor_account)
    _institution(payment, "DbtrAgt")
    transfer = ET.SubElement(payment, "CdtTrfTxInf")
    _texts(ET.SubElement(transfer, "PmtId"), EndToEndId=reference)
    ET.SubElement(ET.SubElement(transfer, "Amt"), "InstdAmt", {"Ccy": "KRW"}).text = amount
    _texts(ET.SubElement(transfer, "Cdtr"), Nm=order.creditor)
    _account(transfer, "CdtrAcct", order.creditor_account)
    _texts(ET.SubElement(transfer, "RmtInf"), Ustrd=order.about)
    return bytes(ET.tostring(document, encoding="utf-8", xml_declaration=True))


def _texts(parent: ET.Element, **texts: str) -> None:
    for name, value in texts.items():
        ET.SubElement(parent, name).text = value


def _account(parent: ET.Element, name: str, number: str) -> None:
    identification = ET.SubElement(ET.SubElement(parent, name), "Id")
    _texts(ET.SubElement(identification, "Othr"), Id=number)


def _institution(parent: ET.Element, name: str) -> None:
    institution = ET.SubElement(ET.SubElement(parent, name), "FinInstnId")
    _texts(ET.SubElement(institution, "Othr"), Id="NOTPROVIDED")
