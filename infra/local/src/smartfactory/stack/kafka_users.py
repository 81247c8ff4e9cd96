"""Who the processes of an installation are to a broker that asks: names and passwords, and where they are kept."""

from collections.abc import Mapping

from common.kafka_rights import KafkaLogin
from contracts.principals import PARTNERS
from smartfactory.stack.datadir import DataDirectory
from smartfactory.stack.provision import SERVICES, Passwords

OWNER = "smartfactory"
"""The installation itself, which its own broker lets do everything."""

_REMEMBERED = "kafka-asks"


def passwords(data: DataDirectory) -> dict[str, str]:
    """Of every principal; one that is new gets a random one, which is kept where only we can read it."""
    kept = Passwords(data.kafka_passwords)
    return {principal: kept.of(principal) for principal in (OWNER, *SERVICES, *PARTNERS)}


def owner(known: Mapping[str, str]) -> KafkaLogin:
    """The installation's own login. By PLAIN, which the broker's settings hold: nobody is there to tell it to Kafka."""
    return KafkaLogin(principal=OWNER, password=known[OWNER], mechanism="PLAIN")


def environment(known: Mapping[str, str], service: str) -> dict[str, str]:
    """What tells a worker of a service who it is; nothing, where nobody asks."""
    if not known:
        return {}
    return {
        "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "KAFKA_USERNAME": service,
        "KAFKA_PASSWORD": known[service],
    }


def remember(data: DataDirectory, *, asks: bool) -> None:
    """Keep for other commands whether the broker of this installation asks who one is."""
    data.remember(_REMEMBERED, asks)


def running(data: DataDirectory) -> dict[str, str]:
    """The passwords of the installation that runs on this data; none, where nobody asks."""
    return passwords(data) if data.recall(_REMEMBERED) else {}
