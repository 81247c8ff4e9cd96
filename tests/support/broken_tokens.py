"""Access tokens that prove nothing, each broken in one way: forged, bent, dressed up or not for us (promise R23).

Made when asked for, never when imported: a whole run takes longer than the leeway.
"""

import base64
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tests.support.tokens import AUDIENCE, ISSUER, Issuer

TYPE = {"typ": "at+jwt"}
ORDER_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})
_RSA = RSAKey.generate_key(2048, {"kid": "key-1"}, private=True)
_P384 = ECKey.generate_key("P-384", {"kid": "key-1"}, private=True)

Made = Callable[[], str]


class Forger:
    """Makes broken tokens of one issuer for one good role and tenant; `outside` is where forged headers point to."""

    def __init__(self, issuer: Issuer, *, role: str, tenant: str, outside: str = "https://evil.test") -> None:
        self.issuer, self._role, self._tenant, self._outside = issuer, role, tenant, outside
        self._stranger = Issuer(issuer.kid)

    def good(self, **changed: Any) -> dict[str, Any]:
        """Claims to be believed, but for the changes; `...` takes a claim away."""
        claims = {**self.issuer.claims(role=self._role, tenant=self._tenant), **changed}
        return {name: value for name, value in claims.items() if value is not ...}

    def signed(self, header: Mapping[str, Any] | None = None, **changed: Any) -> str:
        """A token as the issuer would make it, but for the changes."""
        return self.issuer.sign(self.good(**changed), header)

    def own_signature(self, header: Mapping[str, Any] | str, payload: bytes) -> str:
        """Signed with the issuer's key whatever header and payload say: what a stolen signing oracle could make."""
        head = header if isinstance(header, str) else json.dumps({"alg": "ES256", "kid": self.issuer.kid, **header})
        content = f"{encoded(head.encode())}.{encoded(payload)}"
        r, s = self._numbers(content)
        return f"{content}.{encoded(r + s)}"

    def broken(self) -> dict[str, Made]:
        """Every broken token by what is wrong with it."""
        return {
            **self._shapes(),
            **self._algorithms(),
            **self._headers(),
            **self._signatures(),
            **self._contents(),
            **self._issuers(),
            **self._times(),
            **self._persons(),
        }

    def other_s(self, token: str) -> str:
        """The same token with the other of the two signatures that ECDSA has: also good, and no other token."""
        content, _, signature = token.rpartition(".")
        r, s = _halves(signature)
        return f"{content}.{encoded(r + (ORDER_OF_P256 - int.from_bytes(s)).to_bytes(32))}"

    def _shapes(self) -> dict[str, Made]:
        signed = self.signed
        return {
            "a word": lambda: "password",
            "two parts": lambda: ".".join(signed().split(".")[:2]),
            "four parts": lambda: f"{signed()}.{encoded(b'more')}",
            "five parts": lambda: "a.b.c.d.e",
            "an empty part before": lambda: f".{signed()}",
            "a dot at the end": lambda: f"{signed()}.",
            "not base64": lambda: "!!!.!!!.!!!",
            "not ASCII": lambda: f"{signed()}é",
            "larger than 8 KiB": lambda: signed(padding="x" * 9000),
            "64 KiB": lambda: signed(padding="x" * 48_000),
            "header nests deep": lambda: encoded(b"[" * 3000) + ".e30.eA",
            "header nests deep and is an object": lambda: encoded(b'{"a":' * 1200) + ".e30.eA",
            "a part is padded": lambda: f"{signed()}==",
            "header is padded": lambda: signed().replace(".", "=.", 1),
            "a blank inside": lambda: signed()[:40] + " " + signed()[40:],
            "a tab inside": lambda: signed()[:40] + "\t" + signed()[40:],
            "a hard blank before": lambda: f"\xa0{signed()}",
            "a letter that base64 passes over": lambda: signed().replace(".", "!.", 1),
            "the other alphabet of base64": lambda: (
                signed(jti="\u00ff?~~" * 20).replace("_", "/").replace("-", "+") + "/"
            ),
            "stray bits after the header": lambda: self._stray(signed(), 0),
            "stray bits after the claims": lambda: self._stray(signed(), 1),
            "stray bits after the signature": lambda: self._stray(signed(), 2),
            "quoted": lambda: f'"{signed()}"',
            "flattened JSON serialisation": lambda: self._flattened(signed()),
            "general JSON serialisation": lambda: self._general(signed()),
            "two tokens in one": lambda: f"{signed()},{signed()}",
            "a token in a token": lambda: self.own_signature({**TYPE, "cty": "JWT"}, signed().encode()),
            "says that it holds a token": lambda: self.own_signature({**TYPE, "cty": "JWT"}, _bytes(self.good())),
            "an encrypted token": lambda: ".".join(
                (encoded(b'{"alg":"dir","enc":"A256GCM"}'), "", "AAAA", "AAAA", "AAAA")
            ),
        }

    def _algorithms(self) -> dict[str, Made]:
        good = self.good
        return {
            "alg none": lambda: by_hand({"alg": "none", **TYPE, "kid": "key-1"}, _bytes(good()), b""),
            "alg none with a signature": lambda: by_hand({"alg": "none", **TYPE, "kid": "key-1"}, _bytes(good())),
            "alg None with capitals": lambda: by_hand({"alg": "nOnE", **TYPE, "kid": "key-1"}, _bytes(good())),
            "alg HS256 keyed with our public key": lambda: self._hmac(self.issuer.key.as_pem(private=False)),
            "alg HS256 keyed with our public key in DER": lambda: self._hmac(self.issuer.key.as_der(private=False)),
            "alg HS256 keyed with nothing": lambda: self._hmac(b""),
            "alg RS256": lambda: jwt.encode({"alg": "RS256", **TYPE, "kid": "key-1"}, good(), _RSA),
            "alg ES384": lambda: jwt.encode(
                {"alg": "ES384", **TYPE, "kid": "key-1"}, good(), _P384, algorithms=["ES384"]
            ),
            "alg es256 in small letters": lambda: self.own_signature({**TYPE, "alg": "es256"}, _bytes(good())),
            "alg is a list": lambda: self.own_signature({**TYPE, "alg": ["ES256"]}, _bytes(good())),
            "alg is null": lambda: self.own_signature({**TYPE, "alg": None}, _bytes(good())),
            "alg missing": lambda: by_hand({**TYPE, "kid": "key-1"}, _bytes(good())),
        }

    def _headers(self) -> dict[str, Made]:
        good, signed, own = self.good, self.signed, self.own_signature
        key = self._stranger.key.as_dict(private=False)
        return {
            "header is a list": lambda: by_hand([], b"{}"),
            "header is UTF-16": lambda: self._header_bytes(
                '{"alg":"ES256","typ":"at+jwt","kid":"key-1"}'.encode("utf-16")
            ),
            "header begins with a byte order mark": lambda: self._header_bytes(
                b'\xef\xbb\xbf{"alg":"ES256","typ":"at+jwt","kid":"key-1"}'
            ),
            "header says alg twice": lambda: own(
                '{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"key-1"}', _bytes(good())
            ),
            "header says typ twice": lambda: own(
                '{"alg":"ES256","typ":"JWT","typ":"at+jwt","kid":"key-1"}', _bytes(good())
            ),
            "header says kid twice": lambda: own(
                '{"alg":"ES256","typ":"at+jwt","kid":"x","kid":"key-1"}', _bytes(good())
            ),
            "typ JWT": lambda: signed({"typ": "JWT"}),
            "typ of an ID token": lambda: signed({"typ": "JWT"}, nonce="n-1", azp=AUDIENCE, role=..., tenant=...),
            "typ of a logout token": lambda: signed({"typ": "logout+jwt"}),
            "typ of a key proof": lambda: signed({"typ": "dpop+jwt"}),
            "typ missing": lambda: own({}, _bytes(good())),
            "typ is a number": lambda: own({"typ": 1}, _bytes(good())),
            "typ in wide letters": lambda: own({"typ": "at+jwt".translate(_WIDE)}, _bytes(good())),
            "kid of nobody": lambda: signed({"kid": "key-2"}),
            "kid missing": lambda: by_hand({"alg": "ES256", **TYPE}, _bytes(good())),
            "kid empty": lambda: signed({"kid": ""}),
            "kid is a number": lambda: own({**TYPE, "kid": 1}, _bytes(good())),
            "kid is a list": lambda: own({**TYPE, "kid": ["key-1"]}, _bytes(good())),
            "kid is a path": lambda: signed({"kid": "../../../dev/null"}),
            "kid is SQL": lambda: signed({"kid": "x' UNION SELECT 'key-1' --"}),
            "kid is an address": lambda: signed({"kid": f"{self._outside}/keys"}),
            "kid runs a command": lambda: signed({"kid": "key-1|touch /tmp/x"}),
            "kid ends in a zero byte": lambda: signed({"kid": "key-1\x00"}),
            "kid in other capitals": lambda: signed({"kid": "KEY-1"}),
            "kid is very long": lambda: signed({"kid": "k" * 4000}),
            "brings jku": lambda: self._stranger.sign(good(), {"jku": f"{self._outside}/keys"}),
            "brings x5u": lambda: self._stranger.sign(good(), {"x5u": f"{self._outside}/chain"}),
            "brings x5c": lambda: self._stranger.sign(good(), {"x5c": ["MIIB"]}),
            "brings its own key": lambda: self._stranger.sign(good(), {"jwk": key}),
            "brings jku, signed by us": lambda: signed({"jku": f"{self._outside}/keys"}),
            "says crit": lambda: own({**TYPE, "crit": ["exp"], "exp": 1}, _bytes(good())),
            "says crit of nothing": lambda: own({**TYPE, "crit": []}, _bytes(good())),
            "says b64 false": lambda: own({**TYPE, "crit": ["b64"], "b64": False}, _bytes(good())),
            "says b64 false without crit": lambda: own({**TYPE, "b64": False}, _bytes(good())),
            "says that it is deflated": lambda: own({**TYPE, "zip": "DEF"}, _bytes(good())),
        }

    def _signatures(self) -> dict[str, Made]:
        signed = self.signed
        zero, one, order = bytes(32), (1).to_bytes(32), ORDER_OF_P256.to_bytes(32)
        return {
            "another key under our id": lambda: self._stranger.sign(self.good()),
            "a claim changed after signing": lambda: self._swapped(1, encoded(_bytes(self.good(sub="another")))),
            "the header changed after signing": lambda: self._swapped(
                0, encoded(b'{"alg":"ES256","typ":"at+jwt","kid":"key-1","x":1}')
            ),
            "the signature of another token": lambda: self._swapped(2, signed(sub="another").rpartition(".")[2]),
            "signature cut": lambda: signed()[:-8],
            "signature of one byte less": lambda: self._resigned(lambda r, s: (r + s)[:-1]),
            "signature of one byte more": lambda: self._resigned(lambda r, s: r + s + b"\0"),
            "signature empty": lambda: signed().rsplit(".", 1)[0] + ".",
            "r and s are zero": lambda: self._resigned(lambda _r, _s: zero + zero),
            "r is zero": lambda: self._resigned(lambda _r, s: zero + s),
            "s is zero": lambda: self._resigned(lambda r, _s: r + zero),
            "r and s are the order": lambda: self._resigned(lambda _r, _s: order + order),
            "r and s are one": lambda: self._resigned(lambda _r, _s: one + one),
            "s beyond the order": lambda: self._resigned(lambda r, _s: r + bytes([255]) * 32),
            "r and s swapped": lambda: self._resigned(lambda r, s: s + r),
            "r twice": lambda: self._resigned(lambda r, _s: r + r),
            "r and s from the wrong end": lambda: self._resigned(lambda r, s: r[::-1] + s[::-1]),
            "signature in DER": lambda: self._resigned(_der),
            "signature in hexadecimal": lambda: self._resigned(lambda r, s: (r + s).hex().encode()),
            "one bit of the signature": lambda: self._resigned(lambda r, s: bytes([r[0] ^ 1]) + r[1:] + s),
        }

    def _contents(self) -> dict[str, Made]:
        own, good = self.own_signature, self.good
        return {
            "claims are a list": lambda: own(TYPE, b"[1]"),
            "claims are null": lambda: own(TYPE, b"null"),
            "claims are text": lambda: own(TYPE, b"hello"),
            "claims are two objects": lambda: own(TYPE, _bytes(good()) * 2),
            "claims are UTF-16": lambda: own(TYPE, json.dumps(good()).encode("utf-16")),
            "claims are Latin-1": lambda: own(TYPE, json.dumps(good(sub="é"), ensure_ascii=False).encode("latin-1")),
            "claims begin with a byte order mark": lambda: own(TYPE, b"\xef\xbb\xbf" + _bytes(good())),
            "claims end in a zero byte": lambda: own(TYPE, _bytes(good()) + b"\0"),
            "role twice": lambda: own(TYPE, _twice(good(), role="auditor")),
            "tenant twice": lambda: own(TYPE, _twice(good(), tenant="52")),
            "exp twice": lambda: own(TYPE, _twice(good(), exp=now() + 60)),
            "a name twice by an escape": lambda: own(TYPE, _bytes(good())[:-1] + b', "r\\u006fle": "auditor"}'),
            "a name twice deep inside": lambda: own(TYPE, _bytes(good())[:-1] + b', "cnf": {"a": 1, "a": 2}}'),
        }  # fmt: skip

    def _issuers(self) -> dict[str, Made]:
        signed = self.signed
        return {
            "another issuer": lambda: signed(iss="https://evil.test"),
            "issuer with a slash": lambda: signed(iss=ISSUER + "/"),
            "issuer in capitals": lambda: signed(iss=ISSUER.upper()),
            "issuer without encryption": lambda: signed(iss=ISSUER.replace("https", "http")),
            "issuer with a port": lambda: signed(iss=ISSUER + ":443"),
            "issuer as a prefix": lambda: signed(iss=ISSUER + ".evil.test"),
            "issuer with a name before": lambda: signed(iss=ISSUER.replace("://", "://user@")),
            "issuer in a list": lambda: signed(iss=[ISSUER]),
            "issuer missing": lambda: signed(iss=...),
            "another audience": lambda: signed(aud="bank"),
            "two audiences": lambda: signed(aud=[AUDIENCE, "bank"]),
            "our audience twice": lambda: signed(aud=[AUDIENCE, AUDIENCE]),
            "our audience in a list of lists": lambda: signed(aud=[[AUDIENCE]]),
            "our audience as a name": lambda: signed(aud={AUDIENCE: True}),
            "no audience in a list": lambda: signed(aud=[]),
            "audience is true": lambda: signed(aud=True),
            "audience missing": lambda: signed(aud=...),
            "audience part of a word": lambda: signed(aud=AUDIENCE + "-test"),
            "audience with a blank": lambda: signed(aud=AUDIENCE + " "),
            "audiences in one text": lambda: signed(aud=f"{AUDIENCE} bank"),
        }

    def _times(self) -> dict[str, Made]:
        signed, own = self.signed, self.own_signature
        return {
            "expired": lambda: signed(iat=now() - 900, exp=now() - 61),
            "expired in another year": lambda: signed(iat=0, exp=600),
            "never expires": lambda: signed(exp=...),
            "exp is text": lambda: signed(exp=str(now() + 600)),
            "exp is true": lambda: signed(exp=True),
            "exp is null": lambda: signed(exp=None),
            "exp is half a second": lambda: signed(exp=now() + 600.5),
            "exp is not finite": lambda: own(TYPE, json.dumps(self.good(exp=float("inf"))).encode()),
            "exp is no number": lambda: own(TYPE, json.dumps(self.good(exp=float("nan"))).encode()),
            "exp in milliseconds": lambda: signed(exp=(now() + 600) * 1000),
            "exp has a thousand digits": lambda: signed(exp=10**1000),
            "exp has five thousand digits": lambda: own(
                TYPE, _bytes(self.good(exp=1)).replace(b'"exp": 1', b'"exp": 1' + b"0" * 5000)
            ),
            "exp is negative": lambda: signed(exp=-1),
            "lives an hour": lambda: signed(exp=now() + 3600),
            "lives a second too long": lambda: signed(iat=now(), exp=now() + 901),
            "issued tomorrow": lambda: signed(iat=now() + 86_400, exp=now() + 86_500),
            "issued in two minutes": lambda: signed(iat=now() + 120, exp=now() + 600),
            "iat missing": lambda: signed(iat=...),
            "iat is true": lambda: signed(iat=True),
            "iat is text": lambda: signed(iat=str(now())),
            "ends before it began": lambda: signed(iat=now(), exp=now() - 1),
            "not yet valid": lambda: signed(nbf=now() + 120),
            "nbf is text": lambda: signed(nbf=str(now())),
            "nbf is null": lambda: signed(nbf=None),
        }

    def _persons(self) -> dict[str, Made]:
        signed = self.signed
        return {
            "nobody": lambda: signed(sub=...),
            "subject empty": lambda: signed(sub=""),
            "subject is a number": lambda: signed(sub=7),
            "subject with a line break": lambda: signed(sub="a\nb"),
            "subject with a zero byte": lambda: signed(sub="a\x00b"),
            "subject with an unseen blank": lambda: signed(sub="some\u200bone"),
            "subject written backwards": lambda: signed(sub="some\u202eone"),
            "subject with half a character": lambda: self.own_signature(TYPE, _bytes(self.good(sub="\ud800"))),
            "subject in wide letters": lambda: signed(sub="someone".translate(_WIDE)),
            "subject with a Cyrillic letter": lambda: signed(sub="s\u043emeone"),
            "subject very long": lambda: signed(sub="x" * 256),
            "no role": lambda: signed(role=...),
            "many roles": lambda: signed(role=[self._role, "auditor"]),
            "role in wide letters": lambda: signed(role=self._role.translate(_WIDE)),
            "role with a blank of no width": lambda: signed(role=f"{self._role}\u200b"),
            "two tenants": lambda: signed(tenant=[self._tenant, "52130"]),
            "no tenant": lambda: signed(tenant=...),
            "tenant is null": lambda: signed(tenant=None),
            "tenant empty": lambda: signed(tenant=""),
            "tenant in wide digits": lambda: signed(tenant=self._tenant.translate(_WIDE)),
            "no token id": lambda: signed(jti=...),
            "token id is a number": lambda: signed(jti=1),
        }

    def _numbers(self, content: str) -> tuple[bytes, bytes]:
        r, s = decode_dss_signature(self.issuer.key.private_key.sign(content.encode(), ECDSA(SHA256())))
        return r.to_bytes(32), s.to_bytes(32)

    def _resigned(self, change: Callable[[bytes, bytes], bytes]) -> str:
        content, _, signature = self.signed().rpartition(".")
        return f"{content}.{encoded(change(*_halves(signature)))}"

    def _swapped(self, place: int, segment: str) -> str:
        segments = self.signed().split(".")
        segments[place] = segment
        return ".".join(segments)

    def _header_bytes(self, header: bytes) -> str:
        content = f"{encoded(header)}.{encoded(_bytes(self.good()))}"
        return f"{content}.{encoded(b''.join(self._numbers(content)))}"

    def _hmac(self, secret: bytes) -> str:
        content = by_hand({"alg": "HS256", **TYPE, "kid": "key-1"}, _bytes(self.good()), b"")[:-1]
        return f"{content}.{encoded(hmac.digest(secret, content.encode(), 'sha256'))}"

    def _stray(self, token: str, place: int) -> str:
        """One part in another spelling of the same bytes, signed as it is spelt."""
        segments = token.split(".")
        if place == 0:
            header = '{"alg":"ES256","typ":"at+jwt","kid":"key-1"}'
            segments[0] = encoded(next(header + " " * n for n in range(3) if len(header + " " * n) % 3).encode())
        if place == 1:
            claims = _bytes(self.good())
            segments[1] = encoded(next(claims + b" " * n for n in range(3) if (len(claims) + n) % 3))
        if place == 2:
            return ".".join((*segments[:2], _another_spelling(segments[2])))
        segments[place] = _another_spelling(segments[place])
        content = ".".join(segments[:2])
        return f"{content}.{encoded(b''.join(self._numbers(content)))}"

    def _flattened(self, token: str) -> str:
        protected, payload, signature = token.split(".")
        return json.dumps({"protected": protected, "payload": payload, "signature": signature})

    def _general(self, token: str) -> str:
        protected, payload, signature = token.split(".")
        return json.dumps({"payload": payload, "signatures": [{"protected": protected, "signature": signature}]})


def now() -> int:
    """Real time: tokens know no other."""
    return int(time.time())


def encoded(part: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def by_hand(header: object, payload: bytes, signature: bytes = b"x" * 64) -> str:
    """Three parts as they are, signed by nobody."""
    return f"{encoded(json.dumps(header).encode())}.{encoded(payload)}.{encoded(signature)}"


def _bytes(claims: Mapping[str, Any]) -> bytes:
    return json.dumps(claims).encode()


def _twice(claims: Mapping[str, Any], **first: Any) -> bytes:
    """The claims with another value of one before them: a parser that takes the last one sees nothing."""
    return json.dumps(first).encode()[:-1] + b", " + _bytes(claims)[1:]


def _halves(signature: str) -> tuple[bytes, bytes]:
    raw = base64.urlsafe_b64decode(signature + "==")
    return raw[:32], raw[32:]


def _another_spelling(segment: str) -> str:
    """The same bytes with a bit set that no byte uses."""
    last = _ALPHABET[_ALPHABET.index(segment[-1]) | 1]
    assert last != segment[-1], "the last letter has no stray bit"
    return segment[:-1] + last


def _der(r: bytes, s: bytes) -> bytes:
    return encode_dss_signature(int.from_bytes(r), int.from_bytes(s))
