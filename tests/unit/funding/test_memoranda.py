"""The rules of memoranda: who may be named how, and that a second person confirms what was signed."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from contracts.types import Source
from funding.memoranda import domain
from funding.memoranda.domain import Memorandum, MemorandumState, Obligation, ObligationKind, Party, PartyKind

_AT = datetime(2023, 12, 1, 9, tzinfo=UTC)
_PAYS = Obligation(ObligationKind.FUNDING, Source.PROVINCE, "도비를 부담한다")
_PROVINCE = Party("전북특별자치도", PartyKind.PROVINCE, None, (_PAYS,))
_JEONJU = Party("전주시", PartyKind.MUNICIPALITY, "52110", ())
_FIRST = Memorandum(
    id=UUID(int=1), reference="mou-1", title="업무협약", signed_on=date(2023, 11, 24), source_note="assumed",
    parties=(_PROVINCE, _JEONJU), state=MemorandumState.PROPOSED, proposed_by="issuer|kim", proposed_at=_AT,
)  # fmt: skip


def test_another_person_confirms_what_was_read_once():
    confirmed = domain.confirm(_FIRST, read_version=1, by="issuer|lee", at=_AT)
    assert (confirmed.state, confirmed.version, confirmed.confirmed_by) == (MemorandumState.CONFIRMED, 2, "issuer|lee")
    with pytest.raises(domain.MemorandumDecided):
        domain.confirm(confirmed, read_version=2, by="issuer|park", at=_AT)
    with pytest.raises(domain.MemorandumStale):
        domain.confirm(_FIRST, read_version=2, by="issuer|lee", at=_AT)


def test_who_registered_it_does_not_confirm_it():
    with pytest.raises(domain.MemorandumOwnProposal):
        domain.confirm(_FIRST, read_version=1, by="issuer|kim", at=_AT)


@pytest.mark.parametrize(
    ("second", "place"),
    [
        (_PROVINCE, "/parties/1/name"),
        (replace(_JEONJU, municipality_code=None), "/parties/1/municipality_code"),
        (replace(_PROVINCE, name="도", municipality_code="52110"), "/parties/1/municipality_code"),
        (replace(_JEONJU, obligations=(replace(_PAYS, source=None),)), "/parties/1/obligations/0/source"),
        (
            replace(_JEONJU, obligations=(replace(_PAYS, kind=ObligationKind.ADMINISTRATION),)),
            "/parties/1/obligations/0/source",
        ),
    ],
)
def test_a_party_that_contradicts_itself_is_named(second: Party, place: str):
    with pytest.raises(domain.MemorandumMalformed) as refused:
        domain.check_parties([_PROVINCE, second])
    assert refused.value.facts["field"] == place


def test_the_day_of_signature_has_come():
    domain.check_signed(date(2023, 11, 24), today=date(2023, 11, 24))
    with pytest.raises(domain.MemorandumNotSignedYet):
        domain.check_signed(date(2023, 11, 25), today=date(2023, 11, 24))
