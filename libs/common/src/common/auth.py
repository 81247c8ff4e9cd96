"""Who calls: somebody in one role, of one tenant. How a token proves it is in `common.tokens`."""

from dataclasses import dataclass, field
from typing import Self

SERVICE_ROLE = "service"


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody, in one role, of one tenant; only a service is of none. Identity is the pair of issuer and subject."""

    issuer: str
    subject: str
    role: str
    tenant: str | None
    token_id: str
    issued_at: int = field(default=0, compare=False)
    """Real time in seconds, as the token says; a principal without a token has none."""
    expires_at: int = field(default=0, compare=False)
    """The same of the token's end: what goes on for long must not outlive it."""

    @property
    def actor(self) -> str:
        """The one line that says who did something: role, tenant, subject."""
        return f"{self.role}:{self.tenant or '-'}:{self.subject}"

    @property
    def person(self) -> str:
        """The human or machine itself: the role may differ between two tokens of one person, issuer and subject not."""
        return f"{self.issuer} {self.subject}"

    @classmethod
    def service(cls, name: str) -> Self:
        """The service itself, when an event or a job makes it act."""
        return cls(issuer="urn:smartfactory", subject=name, role=SERVICE_ROLE, tenant=None, token_id="")


class TokenRefused(Exception):
    """The token is no proof. The reason is for the log; the caller learns only that it was refused."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class KeyUnknown(TokenRefused):
    """It names a key that we have not had from the issuer: one that is new may show in a moment."""


class KeysUnavailable(Exception):
    """The issuer's keys cannot be had: nobody can tell a good token from a bad one now."""
