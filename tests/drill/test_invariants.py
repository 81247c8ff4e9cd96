"""A round of the programme holds I1 to I9; and of each of them a bug, planted, is found by the checker that is for it."""

import contextlib
import copy
import dataclasses
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest

from smartfactory.snapshots import Databases
from tests.support.drills.figures import Drill
from tests.support.drills.history import Moment
from tests.support.drills.installation import Installation
from tests.support.drills.invariants.audit import Evidence, claims_in, gathered, hold
from tests.support.drills.season import Round

Plant = str | Callable[[Evidence], Evidence]
"""SQL, run past every trigger in a transaction that is rolled back; or a change of what was read or seen."""

_ONE_COMMITTED = "(SELECT project_id FROM commitment WHERE state = 'COMMITTED' ORDER BY project_id LIMIT 1)"


def _without_an_event(evidence: Evidence) -> Evidence:
    return dataclasses.replace(evidence, told=evidence.told[1:])


def _with_one_more(evidence: Evidence) -> Evidence:
    stray = dataclasses.replace(evidence.told[0], event_id="00000000-0000-7000-8000-000000000001")
    return dataclasses.replace(evidence, told=[*evidence.told, stray])


def _with_other_bytes(evidence: Evidence) -> Evidence:
    changed = dataclasses.replace(evidence.told[0], value=evidence.told[0].value + b" ")
    return dataclasses.replace(evidence, told=[changed, *evidence.told[1:]])


def _with_two_swapped(evidence: Evidence) -> Evidence:
    told = list(evidence.told)
    later = next(n for n, one in enumerate(told) if one.sequence == 2)
    first = next(n for n, one in enumerate(told) if (one.topic, one.key) == (told[later].topic, told[later].key))
    told[first], told[later] = told[later], told[first]
    return dataclasses.replace(evidence, told=told)


def _with_an_answer_nobody_gave(evidence: Evidence) -> Evidence:
    history = copy.copy(evidence.history)
    acknowledged = next(one for one, _ in history.ended("ok") if one.kind == "propose-line")
    lost = dataclasses.replace(acknowledged, number=len(history.operations), key="acknowledged-and-lost")
    body = '{"id": "00000000-0000-7000-8000-000000000002"}'
    history.operations = [*history.operations, lost]
    history.moments = [*history.moments, Moment(0.0, "ok", lost.number, 1, 0.0, 201, body)]
    return dataclasses.replace(evidence, history=history)


def _with_a_refusal_that_acted(evidence: Evidence) -> Evidence:
    history = copy.copy(evidence.history)
    acted = next(one for one, _ in history.ended("ok") if one.kind == "submit")
    history.moments = [
        dataclasses.replace(one, phase="fail", status=409)
        if one.phase == "ok" and one.operation == acted.number
        else one
        for one in history.moments
    ]
    return dataclasses.replace(evidence, history=history)


def _with_a_stranger_in_an_answer(evidence: Evidence) -> Evidence:
    history = copy.copy(evidence.history)
    lists = [(one, end) for one, end in history.ended("ok") if one.kind == "list-own"]
    (_, first), (other, _) = lists[0], lists[-1]
    leaked = dataclasses.replace(first, body=f'{{"items": [{{"company_id": "{other.by.tenant}"}}]}}')
    history.moments = [leaked if one is first else one for one in history.moments]
    return dataclasses.replace(evidence, history=history)


def _companies(evidence: Evidence) -> list[str]:
    return [one.by.tenant for one, _ in evidence.history.ended("ok") if one.kind == "register-company"][:2]


def _with_a_stranger_in_an_event(evidence: Evidence) -> Evidence:
    first, second = _companies(evidence)
    mixed = dataclasses.replace(evidence.told[0], value=f'{{"a": "{first}", "b": "{second}"}}'.encode())
    return dataclasses.replace(evidence, told=[mixed, *evidence.told[1:]])


def _with_a_stranger_in_a_log(evidence: Evidence) -> Evidence:
    first, second = _companies(evidence)
    return dataclasses.replace(evidence, logs={**evidence.logs, "planted": f"company {first} saw {second}"})


PLANTED: dict[str, tuple[str, str, Plant]] = {
    "one won off in the ledger": (
        "I1",
        "funding",
        """
        UPDATE ledger_entry SET amount_won = amount_won + 1 WHERE (transfer_id, account_id) =
            (SELECT transfer_id, account_id FROM ledger_entry WHERE amount_won > 0 LIMIT 1)
        """,
    ),
    "one won moved from the firm to the province": (
        "I1",
        "funding",
        f"""
        UPDATE commitment_share SET amount_won = amount_won + CASE source WHEN 'PROVINCE' THEN 1 ELSE -1 END
         WHERE source IN ('PROVINCE', 'SME') AND project_id = {_ONE_COMMITTED}
        """,
    ),
    "a budget lowered below what is committed": (
        "I2",
        "funding",
        """
        ALTER TABLE budget_line DROP CONSTRAINT budget_line_committed_check;
        UPDATE budget_line SET amount_won = 1 WHERE committed_won > 1
        """,
    ),
    "an acknowledged proposal that is nowhere": ("I3", "", _with_an_answer_nobody_gave),
    "a submission that was refused and took place": ("I3", "", _with_a_refusal_that_acted),
    "an effect that took place twice": (
        "I3",
        "applicant",
        """
        INSERT INTO journal_entry (chain, position, decision, actor, evidence, facts, decided_at, recorded_at, body, hash)
        SELECT chain, position + 1000, decision, actor, evidence, facts, decided_at, recorded_at, body, hash
          FROM journal_entry WHERE decision = 'application-submitted' LIMIT 1
        """,
    ),
    "an answer kept otherwise than it was given": (
        "I3",
        "funding",
        "UPDATE idempotency_key SET status = 200 WHERE key = (SELECT key FROM idempotency_key WHERE status = 201 LIMIT 1)",
    ),
    "an event that is not in its topic": ("I4", "", _without_an_event),
    "an event that nobody committed": ("I4", "", _with_one_more),
    "an event with other bytes": ("I4", "", _with_other_bytes),
    "two events of one key in the wrong order": ("I5", "", _with_two_swapped),
    "a projection that counts a case too few": (
        "I6",
        "metrics",
        "DELETE FROM case_progress WHERE application_id = (SELECT application_id FROM case_progress LIMIT 1)",
    ),
    "an event that a consumer never applied": (
        "I7",
        "metrics",
        "DELETE FROM inbox WHERE event_id = (SELECT event_id FROM inbox LIMIT 1)",
    ),
    "an event that a consumer applied twice": (
        "I7",
        "funding",
        """
        INSERT INTO inbox (event_id, type, topic, key, sequence, outcome)
        SELECT gen_random_uuid(), type, topic, key, sequence, outcome FROM inbox LIMIT 1
        """,
    ),
    "two events applied in the wrong order": (
        "I7",
        "metrics",
        """
        UPDATE inbox SET sequence = 3 - sequence WHERE sequence IN (1, 2) AND (topic, key) =
            (SELECT topic, key FROM inbox WHERE sequence = 2 LIMIT 1)
        """,
    ),
    "a worse-ranked firm answered before a better one": (
        "I7",
        "funding",
        """
        UPDATE commitment SET turn = 3 - turn WHERE turn <= 2 AND call_id =
            (SELECT call_id FROM commitment WHERE turn = 2 LIMIT 1)
        """,
    ),
    "a decision rewritten in the journal": (
        "I8",
        "funding",
        "UPDATE journal_entry SET actor = 'province.treasurer:52:somebody' WHERE decision = 'budget-line-confirmed'",
    ),
    "money that moved without an entry": (
        "I8",
        "funding",
        """
        INSERT INTO ledger_transfer (id, kind, project_id, programme_at)
        SELECT '00000000-0000-7000-8000-000000000003', 'COMMITMENT', '00000000-0000-7000-8000-000000000004', now();
        INSERT INTO ledger_entry SELECT '00000000-0000-7000-8000-000000000003', account_id, amount_won
          FROM ledger_entry WHERE transfer_id = (SELECT transfer_id FROM ledger_entry LIMIT 1)
        """,
    ),
    "another company's id in an answer": ("I9", "", _with_a_stranger_in_an_answer),
    "two companies in one event": ("I9", "", _with_a_stranger_in_an_event),
    "two companies in one line of a log": ("I9", "", _with_a_stranger_in_a_log),
}


@contextlib.asynccontextmanager
async def planted(urls: dict[str, str], service: str, sql: str) -> AsyncIterator[Databases]:
    """The databases with one thing wrong, for as long as somebody looks."""
    async with contextlib.AsyncExitStack() as stack:
        opened = {}
        for name, url in urls.items():
            opened[name] = await asyncpg.connect(url)
            stack.push_async_callback(opened[name].close)
            transaction = opened[name].transaction(isolation="repeatable_read")
            await transaction.start()
            stack.push_async_callback(transaction.rollback)
        if sql:
            await opened[service].execute(f"SET LOCAL session_replication_role = replica; {sql}")
        yield opened


@pytest.mark.promise("I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9")
async def test_a_round_of_the_programme_holds_and_every_planted_bug_is_found(installation: Installation, drill: Drill):
    """A whole round over HTTP by many at once; then every planted bug is found by its own checker."""
    async with installation.clients(seed=1) as clients:
        played = Round(installation, clients, year=2024, companies=drill.scale(ci=12, full=60))
        await played.play()
    drill.figure("requests", len(installation.history.operations))
    drill.figure("time until everything is applied", await installation.settled(), unit="s", limit="<= 30")
    await hold(installation, drill)

    evidence, missed = gathered(installation), []
    for bug, (invariant, service, plant) in PLANTED.items():
        changed = evidence if isinstance(plant, str) else plant(evidence)
        async with planted(evidence.databases, service, plant if isinstance(plant, str) else "") as databases:
            claims = await claims_in(databases, changed)
        if not claims[invariant].findings:
            missed.append(f"{invariant}: {bug}")
    assert missed == []
    drill.figure("planted bugs found", len(PLANTED))
