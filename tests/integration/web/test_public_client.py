"""The same client over real sockets: certificates are those of the name, and no answer takes longer than its deadline."""

import ssl
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from common.http import TimedOut, Unreachable
from common.http_public import PublicClient
from tests.support.receiving import Answer, receiving

NAME = "receiver.example"


async def here(name: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of the receiver's name that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "receiver.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


async def test_the_certificate_must_be_the_names_though_the_connection_goes_to_an_address(certificate: Path):
    serves = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serves.load_cert_chain(certificate)
    trust = ssl.create_default_context(cafile=str(certificate))
    with receiving(tls=serves) as receiver:
        client = PublicClient(deadline_seconds=5, loopback=True, resolve=here, trust=trust)
        heard = await client.post(f"https://{NAME}:{receiver.port}/hooks", b"{}", headers={})
        assert (heard.status, receiver.got[0].headers["host"]) == (204, f"{NAME}:{receiver.port}")
        with pytest.raises(Unreachable):
            await client.post(f"https://another.example:{receiver.port}/hooks", b"{}", headers={})
        await client.aclose()
        stranger = PublicClient(deadline_seconds=5, loopback=True, resolve=here)
        with pytest.raises(Unreachable):
            await stranger.post(f"https://{NAME}:{receiver.port}/hooks", b"{}", headers={})
        await stranger.aclose()
        assert len(receiver.got) == 1


async def test_every_request_has_a_connection_of_its_own():
    with receiving() as receiver:
        client = PublicClient(deadline_seconds=5, loopback=True)
        for _ in range(3):
            await client.post(receiver.url, b"{}", headers={})
        await client.aclose()
        assert receiver.connections == 3


async def test_who_hangs_is_left_at_the_deadline():
    with receiving() as receiver:
        receiver.answer(Answer(hang=threading.Event()))
        client = PublicClient(deadline_seconds=0.3, loopback=True)
        began = time.monotonic()
        with pytest.raises(TimedOut):
            await client.post(receiver.url, b"{}", headers={})
        assert time.monotonic() - began < 20, "the receiver hangs for thirty seconds"
        await client.aclose()
