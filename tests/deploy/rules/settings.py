"""Every setting of every service is set or left out on purpose, none is unknown, and the values are accepted."""

import re
from collections.abc import Mapping

from pydantic import SecretStr, ValidationError

from common.settings import ServiceSettings
from tests.deploy.rendered import Pod, Rendered
from tools.catalogue.system import load_system
from tools.deploy.rendering import ROOT

LEFT_OUT: Mapping[str, str] = {
    "VERSION": "the image says it",
    "KAFKA_TOPIC_PREFIX": "for tests that share a broker",
    "KAFKA_GROUP_PREFIX": "for tests that share a broker",
    "SPAN_FILE": "spans go to a collector, and a container keeps no files",
    "FAILPOINTS": "faults are injected in test installations only",
}
LEFT_OUT_OF: Mapping[str, Mapping[str, str]] = {
    "local": {"KAFKA_CA_FILE": "nothing is encrypted on one machine"},
    "production": {"PROGRAMME_CLOCK_FILE": "production runs on real time"},
}
OTHERS: Mapping[str, str] = {
    "SECRETS_DIR": "where common.settings looks for files",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "read by common.telemetry and by OpenTelemetry",
    "OTEL_RESOURCE_ATTRIBUTES": "read by OpenTelemetry",
    "PGSSLMODE": "read by asyncpg",
    "PGSSLROOTCERT": "read by asyncpg",
}
_OUTSIDE = ("infra/local/src/smartfactory/outside.py", "infra/local/src/smartfactory/compose/outside.py")
_CANNOT_DO_WITHOUT = re.compile(r"(?:os\.environ|environment)\[\"([A-Z_]+)\"\]")
_MOUNTED = "/run/secrets/smartfactory"
_WORKERS_ONLY = "KAFKA_"
_MIGRATIONS_ONLY = "MIGRATIONS_DATABASE_URL"
_ADDRESS = "postgresql://role:password@server:5432/name"
_SECRET = "a-secret-of-more-than-thirty-two-characters"


def every_setting_is_set_and_none_unknown(rendered: Rendered) -> list[str]:
    found = []
    for service, pod in _processes(rendered):
        read = {**rendered.environment(pod), **{each.upper(): "" for each in rendered.secret_files(pod)}}
        known = {name.upper() for name in service.model_fields}
        left_out = set(LEFT_OUT) | set(LEFT_OUT_OF[rendered.overlay]) | _not_for(pod, known)
        if not read.get("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT").startswith("SASL"):
            left_out.add("KAFKA_PASSWORD")
        found += [f"{pod.name}: {name} is not set" for name in sorted(known - set(read) - left_out)]
        found += [f"{pod.name}: nobody reads {name}" for name in sorted(set(read) - known - set(OTHERS))]
        found += [
            f"{pod.name}: {name} is set and was left out on purpose"
            for name in sorted(set(read) & left_out & known - {"KAFKA_USERNAME"})
        ]
    return found


def what_is_set_is_accepted(rendered: Rendered) -> list[str]:
    """As the process itself would judge it at its start, secrets apart: these are not here."""
    found = []
    for service, pod in _processes(rendered):
        read = {name.lower(): value for name, value in rendered.environment(pod).items()}
        # What is unset is empty in a map, and the other way round.
        given = {name: value for name, value in read.items() if name in service.model_fields}
        secrets = {
            name: SecretStr(_ADDRESS if name.endswith("_url") else _SECRET) for name in rendered.secret_files(pod)
        }
        try:
            config = service.model_validate({**given, **secrets})
        except ValidationError as fault:
            found += [f"{pod.name}: {each['loc'] or ''} {each['msg']}" for each in fault.errors()]
            continue
        if pod.component == "worker":
            found += [f"{pod.name}: {each.en}" for each in config.kafka_faults()]
        if config.app_env == "production":
            found += [f"{pod.name}: {each.en}" for each in config.production_faults()]
        if rendered.overlay == "production" and config.app_env != "production":
            found.append(f"{pod.name} runs as {config.app_env}")
    return found


def secrets_are_given_to_whom_they_serve(rendered: Rendered) -> list[str]:
    """An API knows no password of Kafka, and only migrations know the owner of the tables."""
    found = []
    for _, pod in _processes(rendered):
        files = rendered.secret_files(pod)
        allowed = {
            "api": set[str](),
            "worker": {"kafka_password"},
            "migrate": {"migrations_database_url"},
        }[pod.component]
        narrow = {"kafka_password", "migrations_database_url"}
        found += [f"{pod.name} gets {name}" for name in sorted(files & narrow - allowed)]
        if not {"database_url", "cursor_secret"} <= files:
            found.append(f"{pod.name} lacks a secret")
        in_the_open = [name for name in rendered.environment(pod) if _is_secret(name)]
        found += [f"{pod.name} has {name} in its environment" for name in in_the_open]
    return found


def the_local_issuer_starts_and_knows_the_pages(rendered: Rendered) -> list[str]:
    """It has every variable that its code cannot do without, and says to the pages what they say to it."""
    outside = [pod for pod in rendered.pods() if pod.component == "outside"]
    if not outside:
        return [] if rendered.overlay == "production" else ["nobody signs tokens"]
    (pod,) = outside
    found, given = [], rendered.environment(pod)
    asked = {name for path in _OUTSIDE for name in _CANNOT_DO_WITHOUT.findall((ROOT / path).read_text("utf-8"))}
    # What it takes from files is in its environment as their names.
    asked = {name if f"{name}_FILE" not in given else f"{name}_FILE" for name in asked}
    found += [f"{pod.name}: {name} is not set" for name in sorted(asked - set(given))]
    files = {f"{_MOUNTED}/{name}" for name in rendered.secret_files(pod)}
    found += [
        f"{pod.name}: {name} names no file that is mounted"
        for name, value in sorted(given.items())
        if name.endswith("SECRET_FILE") and value not in files
    ]
    (pages,) = (each for each in rendered.pods() if each.name == "metrics-api")
    read = rendered.environment(pages)
    inside = read["SIGN_IN_DISCOVERY_URL"].removesuffix("/.well-known/openid-configuration")
    wanted = {
        **{name: read[name] for name in ("ISSUER", "AUDIENCE", "PAGES_ORIGIN", "SIGN_IN_CLIENT_ID")},
        "ISSUER_ADDRESS": f"{read['PAGES_ORIGIN']}/issuer",
        "ISSUER_INSIDE": inside,
    }
    found += [
        f"{pod.name}: {name} is {given.get(name)}, and the pages need {value}"
        for name, value in wanted.items()
        if given.get(name) != value
    ]
    return found


def _is_secret(name: str) -> bool:
    return name.endswith(("_PASSWORD", "_SECRET", "_SECRET_KEY", "DATABASE_URL"))


def _processes(rendered: Rendered) -> list[tuple[type[ServiceSettings], Pod]]:
    settings = {service.name: service.settings for service in load_system(ROOT).services}
    return [(settings[pod.service], pod) for pod in rendered.pods() if pod.service]


def _not_for(pod: Pod, known: set[str]) -> set[str]:
    absent = set()
    if pod.component != "worker":
        absent |= {name for name in known if name.startswith(_WORKERS_ONLY)}
    if pod.component != "migrate":
        absent.add(_MIGRATIONS_ONLY)
    return absent


RULES = (
    every_setting_is_set_and_none_unknown,
    what_is_set_is_accepted,
    secrets_are_given_to_whom_they_serve,
    the_local_issuer_starts_and_knows_the_pages,
)
