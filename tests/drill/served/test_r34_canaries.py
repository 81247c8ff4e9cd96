"""Promise R34 in numbers: what people type about people stays where it belongs, whatever becomes of the request."""

import itertools
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx2
import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import text

from common import notes
from common.auth import Principal
from common.kafka import KafkaOptions, Publisher
from smartfactory.check.chains import verified
from smartfactory.snapshots import snapshots
from tests.support.access.places import places_of
from tests.support.access.served import Served
from tests.support.access.table import OFFERED, TOPICS
from tests.support.builders import project_selected
from tests.support.canaries import FORMS, Canaries, columns_with
from tests.support.drills.figures import Drill
from tests.support.records import wire
from tests.support.waiting import eventually

_AT = datetime(2024, 5, 20, 1, tzinfo=UTC)
_OPERATOR = Principal(issuer="i", subject="kim", role="platform.operator", tenant=None, token_id="t")

_VAULT = {
    "applicant.agreement_amendment.decision_reason": "the approver's words, or the party's that takes it back",
    "applicant.agreement_amendment.reason": "a party's own words",
    "applicant.appointment.subject": "an officer, by the name that the provider gives",
    "applicant.application.plan": "the plan as its company wrote it",
    "applicant.application.supplement": "what the officer asked the company for",
    "applicant.application.withdrawal_reason": "the company's own words",
    "applicant.call.terms": "a published call: whoever types a name there publishes it",
    "applicant.call.committee_resolution_number": "the number of a public resolution",
    "applicant.campaign.body_en": "what the Forum publishes",
    "applicant.campaign.body_ko": "what the Forum publishes",
    "applicant.campaign.title_en": "what the Forum publishes",
    "applicant.campaign.title_ko": "what the Forum publishes",
    "applicant.coaching.subject": "a coach, by the name that the provider gives",
    "applicant.course.place": "where a course is held",
    "applicant.course.teacher_subject": "a member of the Forum, by the name that the provider gives",
    "applicant.course.title_en": "a course",
    "applicant.course.title_ko": "a course",
    "applicant.forum_member.firm_name": "a member firm",
    "applicant.forum_member.name": "a member of the Forum",
    "applicant.forum_member.subject": "a member of the Forum, by the name that the provider gives",
    "applicant.forum_visit.coach_subject": "a member of the Forum, by the name that the provider gives",
    "applicant.forum_visit.findings": "a coach's own words on a firm",
    "applicant.forum_visit.mentor_subject": "a mentor, by the name that the provider gives",
    "applicant.letter_of_intent.company_name": "the company",
    "applicant.letter_of_intent.wishes": "the company's own words",
    "applicant.past_support.company_name": "a firm that another scheme supported",
    "applicant.past_support.scheme": "a scheme",
    "applicant.past_support.withdrawal_reason": "the operator's words on a wrong record",
    "applicant.past_support.worksite_name": "a firm that another scheme supported",
    "applicant.company.name": "the company",
    "applicant.company.contact_email": "where the company's notices go",
    "applicant.office_mailbox.address": "where an office's notices go, wiped when another takes its place",
    "applicant.objection.findings": "the operator's words on an objection",
    "applicant.objection.reason": "the approver's words, which the company reads",
    "applicant.objection.statement": "the company's own words",
    "applicant.company.representative_name": "the company's representative",
    "applicant.company.head_office_address": "the company",
    "applicant.company.ksic_code": "the company",
    "applicant.company.factory_registration_number": "the company",
    "applicant.completion.mentor_subject": "a mentor, by the name that the provider gives",
    "applicant.conflict_of_interest.statement": "an evaluator's own words",
    "applicant.panel.name": "a panel",
    "applicant.panel_member.affiliation": "an evaluator",
    "applicant.panel_member.name": "an evaluator",
    "applicant.panel_member.subject": "an evaluator",
    "applicant.project.state_reason": "the company's own words",
    "applicant.score_sheet.reason": "an evaluator's own words",
    "applicant.row_version.words": "the columns of the vault as they were, beside their versions, erasable",
    "applicant.screening.findings": "the operator's words on a case",
    "applicant.site_visit.place": "where a municipality goes",
    "applicant.site_visit.purpose": "an officer's own words",
    "applicant.support_ticket.outcome": "an officer's own words",
    "applicant.support_ticket.request": "the company's own words",
    "applicant.worksite.address": "the company",
    "applicant.worksite.factory_registration_number": "the company",
    "applicant.worksite.name": "the company",
    "funding.budget_line.funder": "an organisation",
    "funding.carry_over.reference": "the number of a public resolution",
    "funding.coverage_line.reference": "the number of a public decision, or the company's account",
    "funding.memorandum.parties": "organisations, and what they owe by a public paper",
    "funding.memorandum.source_note": "where a public paper stands",
    "funding.memorandum.title": "a public paper",
    "funding.release.payee_account": "the account that is paid: the firm's own, or the one on a supplier's invoice",
    "funding.release_finding.bank_transaction": "the bank's own number of a payment",
    "funding.row_version.words": "the columns of the vault as they were, beside their versions, erasable",
    "funding.repayment.bank_reference": "the company's bank transfer",
    "funding.repayment.receipt_reference": "the number of a treasury's receipt",
    "funding.self_payment.bank_reference": "the company's bank transfer",
    "funding.self_payment.from_account": "the account it came from",
    "funding.settlement.accountant": "an accountant, by the name that the provider gives",
    "funding.split_rule.source_note": "where a rule stands",
    "funding.split_rule.title": "a rule",
    "mentoring.matching_rule.source_note": "where a rule stands",
    "mentoring.mentor.subject": "a mentor, by the name that the provider gives",
    "mentoring.mentor_cohort.source_note": "where a programme stands",
    "mentoring.mentor_cohort.title": "a programme",
    "mentoring.mentor_team.title": "a team",
    "metrics.export_record.reason": "what somebody took a table for, in the own words",
    "metrics.good_practice.firm_name": "the company, as it said that it may be shown",
    "metrics.good_practice.summary_en": "what an office publishes",
    "metrics.good_practice.summary_ko": "what an office publishes",
    "metrics.good_practice.title_en": "what an office publishes",
    "metrics.good_practice.title_ko": "what an office publishes",
    "metrics.outcome_reading.reason": "what somebody read figures for, in the own words",
    "metrics.webhook_endpoint.url": "where a receiver's notices go",
}
"""Columns that may hold what a person typed, each with whose it is. Everything else is a leak: a new column is added here
after asking whether what stands in it can be erased."""

_NAMES_IN_TOKENS = frozenset({"subject", "tenant", "token_id"})
"""What a provider's tokens say, which `revokeTokens` repeats so that they are refused: no names of people (decision 20)."""

_VAULT_OF_EACH = {
    "idempotency_key.body": "the answer to its sender, kept for the sender alone and not for long",
    "journal_note.words": "an operator's own words on a decision, erasable",
    "parked_event.key": "a record as it came",
    "parked_event.record_headers": "a record as it came",
    "parked_event.record_key": "a record as it came",
    "parked_event.record_value": "a record as it came",
}
"""The same of the tables that every service has."""


@pytest.mark.promise("R34")
async def test_what_is_typed_about_people_leaves_no_trace_outside_the_vault(services: Served, drill: Drill) -> None:
    """Names, phones, numbers, accounts and addresses in every text that a request takes, then a look into every sink."""
    canaries, problems, forms = Canaries(), list[str](), drill.scale(ci=1, full=FORMS)
    accepted = await _type_everywhere(services, canaries, problems, forms=forms)
    poison = await _send_poison(services.kafka, canaries)
    await eventually(lambda: _quiet(services), 60, what="everything is published and consumed")
    records = await _records(services.kafka, without=poison)
    sinks = {
        "topics": records,
        "problems": problems,
        "spans": [path.read_text("utf-8") for path in services.spans if path.exists()],
        **{f"log of {name}": [said] for name, said in services.log().items()},
        **{f"metrics of {name}": [await _metrics(port)] for name, port in services.ports.items()},
    }
    held = await _columns(services, canaries)
    outside = {column for column in held if not _of_the_vault(column)}

    drill.figure("canaries", len(canaries.typed), limit=">= 40")
    drill.figure("places typed into", len(set(canaries.typed.values())), limit=">= 200")
    drill.figure("requests accepted with a canary", accepted, limit=f">= {drill.scale(ci=5, full=20)}")
    drill.figure("requests refused with one", len(problems), limit="> 20")
    failed = [said for said in problems if said.startswith("5xx")]
    assert not failed, "\n".join(failed)
    drill.figure("requests answered with 5xx", len(failed), limit="== 0")
    drill.figure("records read from the topics", len(records), limit="> 0")
    drill.figure("columns of the vault that hold some", len(held - outside), limit=">= 8")
    leaks = canaries.leaks(sinks) | {f"column {column}" for column in outside}
    assert not leaks, "\n".join(sorted(leaks))
    drill.figure("places outside the vault that hold a canary", len(leaks), limit="== 0")

    erased = await _erase_notes(services)
    left = [column for column in await _columns(services, canaries) if column.endswith("journal_note.words")]
    drill.figure("notes of operators erased", erased, limit=">= 4")
    drill.figure("services with words of theirs left", len(left), limit="== 0")
    drill.figure("journals that no longer verify", await _faults_of_journals(services), limit="== 0")


@pytest.mark.promise("R34")
async def test_a_leak_is_found_wherever_and_however_it_is_written(services: Served, drill: Drill) -> None:
    """A canary planted in columns of four kinds, and in a log as it is, as JSON writes it and as an address does, is found each time."""
    canaries = Canaries()
    name, phone, *_ = canaries.of("planted")
    said = [f"asked by {name}", json.dumps({"by": name}), f"GET /v1/things?by={quote(name)}", f"call {phone}"]
    drill.figure("lines of a log with one", sum(bool(canaries.leaks({"log": [line]})) for line in said), limit="== 4")
    owner = services.worlds["metrics"].owner
    async with owner.transaction() as tx:
        await tx.execute(text("CREATE TABLE planted (a text, b text[], c jsonb, d bytea, e text)"))
        row = {"a": name, "b": [name], "c": json.dumps({"by": [phone]}), "d": name.encode(), "e": "nothing"}
        await tx.execute(text("INSERT INTO planted VALUES (:a, :b, cast(:c AS jsonb), :d, :e)"), row)
    try:
        found = await columns_with(canaries, owner)
    finally:
        async with owner.transaction() as tx:
            await tx.execute(text("DROP TABLE planted"))
    assert found == {f"planted.{column}" for column in "abcd"}
    drill.figure("columns with one", len(found), limit="== 4")


async def _type_everywhere(services: Served, canaries: Canaries, problems: list[str], *, forms: int) -> int:
    accepted, turn = 0, itertools.count()
    for operation in OFFERED:
        for place in places_of(operation):
            if operation.id == "revokeTokens" and place.at[-1] in _NAMES_IN_TOKENS:
                continue
            values = canaries.of(str(place))
            first = next(turn)
            for number in range(forms):
                role, ask = services.own_request(operation)
                world = services.worlds[operation.service]
                answer = await world.send(place.with_(ask, values[(first + number) % FORMS]), world.caller(role, "own"))
                if answer.status_code >= 500:
                    problems.append(f"5xx at {place}")
                if answer.status_code < 300:
                    accepted += "requestBody" in operation.document
                elif place.kind != "path":  # a problem names the address that it is about, and that is the sender's own
                    problems.append(answer.text + str(dict(answer.headers)))
    return accepted


async def _send_poison(kafka: KafkaOptions, canaries: Canaries) -> set[bytes]:
    """Events about somebody: in the bytes, in a header, in the key. Their keys come back."""
    name, phone, *_ = canaries.of("an event's bytes")
    broken, strange, keyed = (wire(project_selected(), 1, at=_AT) for _ in range(3))
    records = [
        msgspec.structs.replace(broken, value=json.dumps({"name": name, "phone": phone}).encode()),
        msgspec.structs.replace(strange, value=name.encode(), headers=[*strange.headers, ("ce_note", phone.encode())]),
        msgspec.structs.replace(keyed, value=phone.encode(), key=name.encode()),
    ]
    publisher = Publisher(kafka)
    await publisher.start()
    done = await publisher.publish(records, deadline_seconds=60)
    await publisher.close()
    assert all(done.acknowledged), done.fault
    return {record.key for record in records if record.key}


async def _quiet(services: Served) -> bool:
    """Whether every outbox is empty, and what was sent as poison is parked."""
    waiting = 0
    for world in services.worlds.values():
        async with world.owner.transaction(read_only=True) as tx:
            waiting += (await tx.execute(text("SELECT count(*) FROM outbox WHERE published_at IS NULL"))).scalar_one()
    async with services.worlds["funding"].owner.transaction(read_only=True) as tx:
        parked = text("SELECT count(*) FROM parked_event WHERE reason = 'undecodable' AND record_value IS NOT NULL")
        return not waiting and (await tx.execute(parked)).scalar_one() >= 3


async def _metrics(port: int) -> str:
    async with httpx2.AsyncClient(timeout=30) as client:
        return (await client.get(f"http://127.0.0.1:{port}/openmetrics")).text


async def _records(kafka: KafkaOptions, *, without: set[bytes]) -> list[str]:
    """Every record of the events' topics from offset 0, but for the poison that this drill itself put there."""
    reader = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap_servers)
    await reader.start()
    try:
        partitions = [TopicPartition(kafka.topic_prefix + topic, number) for topic in TOPICS for number in range(6)]
        reader.assign(partitions)
        ends = await reader.end_offsets(partitions)
        for partition in partitions:
            reader.seek(partition, 0)
        found: list[Any] = []
        while len(found) < sum(ends.values()):
            for batch in (await reader.getmany(timeout_ms=1000)).values():
                found += batch
    finally:
        await reader.stop()
    return [
        f"{record.key} {(record.value or b'').decode(errors='replace')} {record.headers}"
        for record in found
        if record.key not in without
    ]


async def _columns(services: Served, canaries: Canaries) -> set[str]:
    return {
        f"{name}.{column}"
        for name, world in services.worlds.items()
        for column in await columns_with(canaries, world.owner)
    }


def _of_the_vault(column: str) -> bool:
    return column in _VAULT or column.partition(".")[2] in _VAULT_OF_EACH


async def _erase_notes(services: Served) -> int:
    """Take back all that operators said, in every service."""
    erased = 0
    for world in services.worlds.values():
        async with world.owner.transaction() as tx:
            for note in await notes.list_of(tx):
                await notes.erase(tx, note.id, by=_OPERATOR, ground=notes.Ground.PERSONAL_DATA, at=_AT)
                erased += 1
    return erased


async def _faults_of_journals(services: Served) -> int:
    urls = {name: each.owner.replace("+asyncpg", "") for name, each in services.urls.items()}
    async with snapshots(urls) as databases:
        return sum(len(claim.findings) for claim in await verified(databases))
