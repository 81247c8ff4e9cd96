"""What the issuer has granted and not seen the end of: codes that are good once, and refresh tokens that turn with use.

Both live in this process alone: whoever restarts it signs in again. A code or a refresh token that comes a second time
is in two hands, so whatever came of its sign-in ends (RFC 6749, 4.1.2; RFC 9700, 4.14.2). One exception: a client that
never saw the answer to a refresh asks once more with what it has, soon, and while nobody has used what was lost.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from smartfactory.issuer.tokens import Bearer

CODE_SECONDS = 60
SIGN_IN_SECONDS = 12 * 3_600
"""How long a sign-in can be refreshed; assumed: an office day and its evening."""
LOST_ANSWER_SECONDS = 60
"""How long a refresh token may come again while its successor is unused; assumed: who died is replaced by then."""

_MOST_SIGN_INS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a client asked for at the authorization endpoint, checked."""

    client_id: str
    redirect_uri: str
    challenge: str
    scope: str
    nonce: str | None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be chosen on the sign-in page."""

    name: str
    bearer: Bearer


@dataclass(slots=True, kw_only=True)
class SignIn:
    """One person signed in for one client, and every refresh token that came of it."""

    person: Person
    asked: Asked
    began: float
    code: str
    redeemed: bool = False
    refresh_tokens: list[str] = field(default_factory=list)
    """The last one is good; those before it were used, or withdrawn because nobody had seen them."""
    turned_at: float = 0.0
    """When the one before the last was first used."""


class GrantRefused(Exception):
    """`invalid_grant`: the code or the refresh token is not, or no longer, good for this client."""


class Grants:
    """All sign-ins of this process that may still be redeemed or refreshed."""

    def __init__(self, real_time: Callable[[], float]) -> None:
        self._real_time = real_time
        self._by_code: dict[str, SignIn] = {}
        self._by_refresh_token: dict[str, SignIn] = {}

    def code_for(self, person: Person, asked: Asked) -> str:
        """A code for the person's browser to carry to the client."""
        self._forget()
        code = secrets.token_urlsafe(32)
        self._by_code[code] = SignIn(person=person, asked=asked, began=self._real_time(), code=code)
        return code

    def redeem(self, code: str, *, client_id: str, redirect_uri: str, verifier: str) -> SignIn:
        """The sign-in that a code stands for, once."""
        found = self._by_code.get(code)
        if found is None:
            raise GrantRefused("the code is unknown, or older than it may be")
        if found.redeemed:
            self._end(found)
            raise GrantRefused("the code was used before: whatever came of it has ended")
        # A wrong try is the last one too: nobody guesses a verifier.
        found.redeemed = True
        if found.asked.client_id != client_id:
            raise GrantRefused("the code was given to another client")
        if self._real_time() - found.began > CODE_SECONDS:
            raise GrantRefused("the code is older than a minute")
        if found.asked.redirect_uri != redirect_uri:
            raise GrantRefused("redirect_uri is not the one that was asked with")
        if not hmac.compare_digest(challenge_of(verifier), found.asked.challenge):
            raise GrantRefused("code_verifier does not fit")
        return found

    def turn(self, refresh_token: str, *, client_id: str) -> SignIn:
        """The sign-in that a refresh token stands for; the caller gives the next one out.

        It is good once, and again for a minute while the one that was given for it is unused: that one is withdrawn.
        """
        found, now = self._by_refresh_token.get(refresh_token), self._real_time()
        if found is None or found.asked.client_id != client_id:
            raise GrantRefused("the refresh token is unknown to this client")
        if now - found.began > SIGN_IN_SECONDS:
            self._end(found)
            raise GrantRefused("the sign-in is over")
        if found.refresh_tokens[-1] == refresh_token:
            found.turned_at = now
        elif found.refresh_tokens[-2:-1] == [refresh_token] and now - found.turned_at <= LOST_ANSWER_SECONDS:
            # The first use still counts, so that nobody holds on to one token by asking again and again.
            found.refresh_tokens[-2:] = reversed(found.refresh_tokens[-2:])
        else:
            self._end(found)
            raise GrantRefused("the refresh token was used before: the sign-in has ended")
        return found

    def next_refresh_token(self, sign_in: SignIn) -> str:
        """A new refresh token; from now on the ones before it end the sign-in."""
        token = secrets.token_urlsafe(32)
        sign_in.refresh_tokens.append(token)
        self._by_refresh_token[token] = sign_in
        return token

    def revoke(self, refresh_token: str, *, client_id: str) -> None:
        """End the sign-in of the client's refresh token; one that is not known is as good as ended (RFC 7009)."""
        found = self._by_refresh_token.get(refresh_token)
        if found is not None and found.asked.client_id == client_id:
            self._end(found)

    def _end(self, sign_in: SignIn) -> None:
        for token in sign_in.refresh_tokens:
            self._by_refresh_token.pop(token, None)
        sign_in.refresh_tokens.clear()

    def _forget(self) -> None:
        now = self._real_time()
        every = list(self._by_code.values())  # the oldest first
        too_many = max(0, len(every) - _MOST_SIGN_INS + 1)
        past = [each for each in every if now - each.began > SIGN_IN_SECONDS]
        for each in past or every[:too_many]:
            self._end(each)
            del self._by_code[each.code]


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a code verifier (RFC 7636, 4.2)."""
    digest = hashlib.sha256(verifier.encode(errors="surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
