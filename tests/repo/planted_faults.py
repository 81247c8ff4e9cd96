"""One fault or more for every rule: what each of them must find, and a near miss that it must leave alone."""

from dataclasses import dataclass

from tests.repo.rules import Rule, configuration, database, kafka, layout, moments, wire, words

_FEATURE = "services/applicant/src/applicant/calls"
_NO = "# no" + "qa"


@dataclass(frozen=True)
class Fault:
    """Text planted at a path; `finds` is a part of the message expected, None where the rule must stay silent."""

    rule: Rule
    path: str
    text: str
    finds: str | None

    def __str__(self) -> str:
        return f"{self.rule.__name__} {'finds' if self.finds else 'leaves'}"


# What stands around every planted text: a package that declares no dependency.
AROUND = {"libs/common/pyproject.toml": '[project]\nname = "smartfactory-common"\ndependencies = []\n'}

_LONG = "x = 1\n" * 401
_LONG_FUNCTION = "def f() -> int:\n" + "    x = 1\n" * 70 + "    return x\n"
_STORE = f"{_FEATURE}/store.py"
_DOMAIN = f"{_FEATURE}/domain.py"
_API = f"{_FEATURE}/api.py"
_COMMANDS = f"{_FEATURE}/commands.py"
_CONSUMERS = "services/applicant/src/applicant/consumers.py"
_COMMON = "libs/common/src/common/planted.py"
_KAFKA = kafka.KNOW_AIOKAFKA[0]

FAULTS = (
    Fault(layout.files_and_functions_stay_small, _STORE, _LONG, "401 lines"),
    Fault(layout.files_and_functions_stay_small, _STORE, _LONG_FUNCTION, "72 lines"),
    Fault(layout.files_and_functions_stay_small, _STORE, "x = 1\n" * 400, None),
    Fault(layout.every_file_name_says_its_job, f"{_FEATURE}/utils.py", "", "utils"),
    Fault(layout.every_file_name_says_its_job, "libs/common/src/common/manager/x.py", "", "manager"),
    Fault(layout.domain_knows_only_the_standard_library, _DOMAIN, "import fastapi", "fastapi"),
    Fault(layout.domain_knows_only_the_standard_library, _DOMAIN, "from common.db import Transaction", "common.db"),
    Fault(layout.domain_knows_only_the_standard_library, _DOMAIN, "from common.errors import Text\nimport math", None),
    Fault(layout.domain_never_waits, _DOMAIN, "async def decide() -> None: ...", "no coroutine"),
    Fault(layout.domain_never_waits, _STORE, "async def get() -> None: ...", None),
    Fault(layout.a_feature_never_reaches_into_another, _COMMANDS, "from applicant.companies import store", "private"),
    Fault(layout.a_feature_never_reaches_into_another, _API, "import applicant.companies.domain", "private"),
    Fault(layout.a_feature_never_reaches_into_another, _API, "from applicant.companies import queries", None),
    Fault(layout.a_feature_never_reaches_into_another, _API, "from applicant.calls import domain", None),
    Fault(layout.sql_stays_in_the_store, _API, "from sqlalchemy import select", "SQL belongs"),
    Fault(layout.sql_stays_in_the_store, _COMMANDS, "import sqlalchemy as sa", "SQL belongs"),
    Fault(layout.sql_stays_in_the_store, _CONSUMERS, "from sqlalchemy import insert", "SQL belongs"),
    Fault(layout.sql_stays_in_the_store, _STORE, "from sqlalchemy import select", None),
    Fault(layout.rows_stay_home, _API, "from applicant.calls.tables import CallRow", "CallRow"),
    Fault(layout.rows_stay_home, _STORE, "async def get() -> CallRow | None: ...", "out of the store"),
    Fault(layout.rows_stay_home, _STORE, "from applicant.calls.tables import CallRow\ndef _f(x: CallRow): ...", None),
    Fault(layout.events_are_handled_by_functions_named_on, _CONSUMERS, "HANDLERS: X = {A: commit}", "commit"),
    Fault(layout.events_are_handled_by_functions_named_on, _CONSUMERS, "HANDLERS = {A: on_a}", None),
    Fault(database.one_file_begins_and_ends_transactions, _COMMANDS, "await tx.commit()", ".commit("),
    Fault(database.one_file_begins_and_ends_transactions, _COMMANDS, "engine.begin()", ".begin("),
    Fault(database.one_file_begins_and_ends_transactions, _COMMON, "tx.rollback()", ".rollback("),
    Fault(database.one_file_begins_and_ends_transactions, "libs/common/src/common/db.py", "tx.rollback()", None),
    Fault(database.one_file_begins_and_ends_transactions, _COMMON, "await subscription.commit(done)", None),
    Fault(database.sql_text_is_never_composed, _STORE, "text(f'select {x}')", "composed"),
    Fault(database.sql_text_is_never_composed, _STORE, "sa.text('select %s' % x)", "composed"),
    Fault(database.sql_text_is_never_composed, _STORE, "text('select {}'.format(x))", "composed"),
    Fault(database.sql_text_is_never_composed, _STORE, "literal_column('a ' + x)", "literal_column() with a composed"),
    Fault(database.sql_text_is_never_composed, _STORE, "c.exec_driver_sql(f'SET x = {x}')", "composed"),
    Fault(database.sql_text_is_never_composed, _STORE, "sql = f'select {x}'\nawait c.fetch(sql)", "composed"),
    Fault(database.sql_text_is_never_composed, _STORE, "sql = 'select '\nsql += f'{x}'\ntext(sql)", "composed"),
    Fault(database.sql_text_is_never_composed, _STORE, "text('select :x'.replace(':x', x))", "composed"),
    Fault(database.sql_text_is_never_composed, _STORE, "text('select :x')", None),
    Fault(database.sql_text_is_never_composed, _STORE, "sql = 'select 1'\ntx.execute(text(sql), {'x': f'{x}'})", None),
    Fault(database.tables_are_only_tables, _STORE, "x = relationship('Other')", "relationship()"),
    Fault(database.tables_are_only_tables, _STORE, "class CallRow(Tables):\n    def f(self): ...", "behaviour"),
    Fault(database.tables_are_only_tables, _STORE, "class CallRow(Tables):\n    id: int", None),
    Fault(database.money_is_whole_won, _DOMAIN, "def f(cost_won: float): ...", "cost_won is float"),
    Fault(database.money_is_whole_won, _DOMAIN, "rate_bp: Mapped[Decimal]", "rate_bp is Decimal"),
    Fault(database.money_is_whole_won, _DOMAIN, "def f(cost_won: int): ...", None),
    Fault(moments.only_the_clock_knows_the_time, _COMMANDS, "x = datetime.now(UTC)", "wall clock"),
    Fault(moments.only_the_clock_knows_the_time, _STORE, "insert(X).values(at=func.now())", "wall clock"),
    Fault(moments.only_the_clock_knows_the_time, _STORE, "recorded_at: X = mapped_column(default=func.now())", None),
    Fault(moments.only_the_clock_knows_the_time, _COMMON, "time.time()", "wall clock"),
    Fault(moments.only_the_clock_knows_the_time, _COMMON, "time.monotonic()", None),
    Fault(moments.tests_wait_for_conditions, "tests/flow/test_x.py", "await asyncio.sleep(1)", "does not sleep"),
    Fault(moments.tests_wait_for_conditions, "tests/flow/test_x.py", "await anyio.sleep(0)", None),
    Fault(wire.no_middleware_that_wraps_the_response, _COMMON, "@app.middleware('http')\ndef f(): ...", "disguise"),
    Fault(
        wire.no_middleware_that_wraps_the_response,
        _COMMON,
        "from starlette.middleware.base import BaseHTTPMiddleware",
        "pure ASGI",
    ),
    Fault(wire.no_middleware_that_wraps_the_response, _COMMON, "app.add_middleware(Limits)", None),
    Fault(
        kafka.no_kafka_transactions_and_no_static_membership,
        _COMMON,
        "AIOKafkaConsumer(group_instance_id='x')",
        "group_instance_id",
    ),
    Fault(
        kafka.no_kafka_transactions_and_no_static_membership, _COMMON, "producer.begin_transaction()", "never relied on"
    ),
    Fault(kafka.no_kafka_transactions_and_no_static_membership, _COMMON, "AIOKafkaConsumer(group_id='x')", None),
    Fault(
        kafka.consumers_fetch_batches,
        _COMMON,
        "async def f():\n    async for record in self.consumer: ...",
        "batch fetch",
    ),
    Fault(kafka.consumers_fetch_batches, _COMMON, "async def f():\n    async for line in stream: ...", None),
    Fault(
        kafka.consumers_fetch_batches, _COMMON, "async def f():\n    async for one in subscription: ...", "batch fetch"
    ),
    Fault(kafka.kafka_hands_over_bytes, _COMMON, "AIOKafkaConsumer(value_deserializer=loads)", "take bytes"),
    Fault(
        kafka.clients_of_kafka_are_made_in_one_place_and_safely,
        _COMMON,
        "AIOKafkaConsumer(auto_offset_reset='none', enable_auto_commit=False)",
        "nowhere else",
    ),
    Fault(
        kafka.clients_of_kafka_are_made_in_one_place_and_safely,
        _KAFKA,
        "AIOKafkaConsumer(auto_offset_reset='latest', enable_auto_commit=False)",
        "auto_offset_reset='none'",
    ),
    Fault(
        kafka.clients_of_kafka_are_made_in_one_place_and_safely,
        _KAFKA,
        "aiokafka.AIOKafkaProducer(acks='all')",
        "enable_idempotence=True",
    ),
    Fault(
        kafka.clients_of_kafka_are_made_in_one_place_and_safely,
        _KAFKA,
        "AIOKafkaProducer(acks='all', enable_idempotence=True)",
        None,
    ),
    Fault(kafka.offsets_are_committed_by_name, _KAFKA, "import aiokafka\nconsumer.commit()", "only fetched"),
    Fault(kafka.offsets_are_committed_by_name, _KAFKA, "import aiokafka\nconsumer.commit({tp: 1})", None),
    Fault(
        kafka.a_fetch_is_never_cut_short,
        _COMMON,
        "async def f():\n    await asyncio.wait_for(consumer.getmany(), 1)",
        "its own timeout",
    ),
    Fault(
        kafka.a_fetch_is_never_cut_short,
        _COMMON,
        "async def f():\n    async with asyncio.timeout(1):\n        await self._subscription.fetch()",
        "its own timeout",
    ),
    Fault(
        kafka.a_fetch_is_never_cut_short,
        _COMMON,
        "async def f():\n    async with asyncio.timeout(1):\n        await connection.fetch()",
        None,
    ),
    Fault(
        kafka.every_stop_of_a_client_is_bounded,
        _KAFKA,
        "import aiokafka\nasync def f():\n    await producer.stop()",
        "outside bounded",
    ),
    Fault(
        kafka.every_stop_of_a_client_is_bounded,
        _KAFKA,
        "import aiokafka\nasync def f():\n    await bounded(consumer.stop(), 5, 'stop')",
        None,
    ),
    Fault(
        kafka.nobody_cancels_what_they_did_not_start,
        _COMMON,
        "for task in asyncio.all_tasks():\n    task.cancel()",
        "the tasks you started",
    ),
    Fault(kafka.no_clock_is_frozen, "tests/unit/test_x.py", "from freezegun import freeze_time", "freezes the clock"),
    Fault(kafka.no_clock_is_frozen, "pyproject.toml", 'dev = ["time-machine>=2"]', "is installed"),
    Fault(kafka.no_clock_is_frozen, "pyproject.toml", 'dev = ["pytest>=9"]', None),
    Fault(
        kafka.aiokafka_is_the_one_that_was_examined,
        "libs/common/pyproject.toml",
        '[project]\ndependencies = ["aiokafka>=0.14"]',
        "instead of",
    ),
    Fault(
        kafka.aiokafka_is_the_one_that_was_examined,
        "libs/common/pyproject.toml",
        '[project]\ndependencies = ["aiokafka>=0.14,<0.15"]',
        None,
    ),
    Fault(words.common_has_no_business_noun, _COMMON, "def register_company(): ...", "company"),
    Fault(words.common_has_no_business_noun, _COMMON, "TABLE = 'budget_line'", "budget"),
    Fault(words.common_has_no_business_noun, _COMMON, "amount_won = 1", "won"),
    Fault(words.common_has_no_business_noun, _COMMON, "self._retry_budget = 3", None),
    Fault(
        words.events_carry_no_person_and_no_score,
        "libs/contracts/src/contracts/planted.py",
        "class CompanyRegistered(DomainEvent):\n    representative_name: str",
        "representative",
    ),
    Fault(
        words.events_carry_no_person_and_no_score,
        "libs/contracts/src/contracts/planted.py",
        "class CompanyRegistered(DomainEvent):\n    company_id: UUID",
        None,
    ),
    Fault(words.nothing_is_tied_to_one_machine, "README.md", "cd /" + "work/main", "one machine"),
    Fault(words.nothing_is_tied_to_one_machine, "Makefile", "X = /" + "home/kim/x", "one machine"),
    Fault(words.nothing_is_tied_to_one_machine, "uv.toml", "url = https://" + "pypi." + "org/simple", "installs"),
    Fault(words.nothing_is_tied_to_one_machine, "README.md", "GET /v1/home" + "/x", None),
    Fault(
        configuration.every_lint_opt_out_has_a_reason,
        "pyproject.toml",
        '[tool.ruff.lint]\nignore = [\n    "ANN401",\n]',
        "without a reason",
    ),
    Fault(
        configuration.every_lint_opt_out_has_a_reason,
        "pyproject.toml",
        '[tool.ruff.lint]\nignore = [\n    "ANN401", # why\n]',
        None,
    ),
    Fault(configuration.every_lint_opt_out_has_a_reason, _COMMON, f"x = 1  {_NO}", "name the rule"),
    Fault(
        configuration.every_dependency_has_a_reason,
        "services/x/pyproject.toml",
        '[project]\ndependencies = ["planted>=1"]',
        "planted has no reason",
    ),
    Fault(
        configuration.every_dependency_has_a_reason,
        "docs/dependencies.md",
        "| `gone` | for nothing |",
        "gone is explained",
    ),
    Fault(configuration.every_import_is_declared, _COMMON, "import planted", "planted is imported"),
    Fault(configuration.every_import_is_declared, _COMMON, "import json\nimport common.db", None),
    Fault(configuration.the_lock_has_hashes_and_no_address, "requirements.lock", "rich==15.0.0\n", "with a hash"),
    Fault(configuration.the_lock_has_hashes_and_no_address, "requirements.lock", "rich>=15 --hash=sha256:1", "pinned"),
    Fault(configuration.the_lock_has_hashes_and_no_address, "requirements.lock", "--index-url x", "an option"),
    Fault(
        configuration.the_lock_has_hashes_and_no_address,
        "requirements.lock",
        "rich==15.0.0 \\\n    --hash=sha256:1\n    # via x\n",
        None,
    ),
    Fault(configuration.every_decision_is_indexed, "docs/adr/0001-x.md", "Status: accepted", "not linked"),
    Fault(configuration.every_decision_is_indexed, "docs/adr/0099-x.md", "", "is missing before"),
    Fault(configuration.links_in_documents_lead_somewhere, "docs/x.md", "see [it](nowhere.md)", "leads nowhere"),
    Fault(configuration.links_in_documents_lead_somewhere, "docs/x.md", "see [it](x.md#part)", None),
)
