"""The problems that HTTP itself brings, whatever the service: each with its status, its code and both languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from common.errors import DomainError, InvalidInput, NotFound, NotPermitted, RuleRefused, StaleVersion, Text, TooOften


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One row of the problem catalogue."""

    code: str
    status: int
    title: Text
    detail: Text


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One wrong value: where it stands and what is wrong with it. `pointer` is a JSON Pointer into the body."""

    place: str
    code: str
    detail: Text
    pointer: str | None = None
    name: str | None = None


@dataclass
class Refused(Exception):
    """A request that ends in one of the kinds below."""

    kind: ProblemKind
    headers: Mapping[str, str] = field(default_factory=dict)
    errors: Sequence[FieldFault] = ()
    facts: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.kind.code


STATUS_OF_DOMAIN_ERROR: dict[type[DomainError], int] = {
    NotFound: 404,
    NotPermitted: 403,
    InvalidInput: 422,
    RuleRefused: 409,
    StaleVersion: 412,
    TooOften: 429,
}

REQUEST_MALFORMED = ProblemKind(
    "request-malformed",
    400,
    Text(ko="요청을 읽을 수 없음", en="Request cannot be read"),
    Text(
        ko="요청 본문이나 주소가 올바른 형식이 아닙니다. JSON 문법과 문자 인코딩을 확인해 주세요.",
        en="The body or the address is not well formed. Check the JSON syntax and the character encoding.",
    ),
)
IDEMPOTENCY_KEY_MISSING = ProblemKind(
    "idempotency-key-missing",
    400,
    Text(ko="Idempotency-Key 헤더 없음", en="Idempotency-Key header missing"),
    Text(
        ko="모든 POST 요청에는 16자에서 255자의 Idempotency-Key 헤더가 필요합니다. 다시 보낼 때에는 같은 값을 쓰세요.",
        en="Every POST needs an Idempotency-Key header of 16 to 255 characters. Send the same one when you try again.",
    ),
)
IDEMPOTENCY_KEY_MALFORMED = ProblemKind(
    "idempotency-key-malformed",
    400,
    Text(ko="잘못된 Idempotency-Key", en="Idempotency-Key malformed"),
    Text(
        ko="Idempotency-Key는 공백 없는 ASCII 문자 16자에서 255자여야 합니다.",
        en="An Idempotency-Key is 16 to 255 visible ASCII characters without spaces.",
    ),
)
VERSION_MALFORMED = ProblemKind(
    "version-malformed",
    400,
    Text(ko="잘못된 If-Match 헤더", en="If-Match header malformed"),
    Text(
        ko='If-Match에는 읽은 자원의 ETag 하나를 그대로 넣어 주세요. 예: "3"',
        en='If-Match takes the one ETag of what you have read, as it is. For example: "3"',
    ),
)
CURSOR_REFUSED = ProblemKind(
    "cursor-refused",
    400,
    Text(ko="사용할 수 없는 커서", en="Cursor cannot be used"),
    Text(
        ko="커서가 변조되었거나 다른 조건의 목록에서 온 것입니다. 커서 없이 첫 쪽부터 다시 읽어 주세요.",
        en="The cursor was altered or belongs to a list with other filters. Start again without a cursor.",
    ),
)
TOKEN_MISSING = ProblemKind(
    "token-missing",
    401,
    Text(ko="로그인 필요", en="Access token missing"),
    Text(
        ko="Authorization 헤더에 Bearer 접근 토큰이 필요합니다.",
        en="Send a bearer access token in the Authorization header.",
    ),
)
TOKEN_REFUSED = ProblemKind(
    "token-refused",
    401,
    Text(ko="접근 토큰 거부", en="Access token refused"),
    Text(
        ko="접근 토큰이 올바르지 않거나 만료되었습니다. 새 토큰을 받아 다시 시도해 주세요.",
        en="The access token is not valid or has expired. Get a new one and try again.",
    ),
)
ROLE_NOT_ALLOWED = ProblemKind(
    "role-not-allowed",
    403,
    Text(ko="권한 없는 역할", en="Role not allowed"),
    Text(
        ko="{role} 역할로는 이 기능을 사용할 수 없습니다. 사용할 수 있는 역할: {roles}",
        en="The role {role} may not use this function. These may: {roles}",
    ),
)
ROUTE_NOT_FOUND = ProblemKind(
    "route-not-found",
    404,
    Text(ko="없는 주소", en="No such address"),
    Text(
        ko="이 주소에는 아무것도 없습니다. 사용할 수 있는 주소는 {docs} 에서 볼 수 있습니다.",
        en="There is nothing at this address. See {docs} for the addresses there are.",
    ),
)
METHOD_NOT_ALLOWED = ProblemKind(
    "method-not-allowed",
    405,
    Text(ko="허용되지 않은 메서드", en="Method not allowed"),
    Text(
        ko="이 주소는 {allowed} 메서드만 받습니다.",
        en="This address takes {allowed} only.",
    ),
)
REQUEST_TOO_SLOW = ProblemKind(
    "request-too-slow",
    408,
    Text(ko="요청 전송 지연", en="Request too slow"),
    Text(
        ko="요청이 제때 도착하지 않아 처리하지 않았습니다. 저장된 것은 없으니 같은 키로 다시 보내 주세요.",
        en="The request did not arrive in time and was not taken. Nothing was stored: send it again with the same key.",
    ),
)
REQUEST_IN_PROGRESS = ProblemKind(
    "request-in-progress",
    409,
    Text(ko="같은 요청 처리 중", en="The same request is being processed"),
    Text(
        ko="같은 Idempotency-Key의 요청이 아직 처리 중입니다. 잠시 뒤 같은 키로 다시 보내 주세요.",
        en="A request with this Idempotency-Key is still being processed. Send it again shortly, with the same key.",
    ),
)
BODY_TOO_LARGE = ProblemKind(
    "body-too-large",
    413,
    Text(ko="너무 큰 본문", en="Body too large"),
    Text(
        ko="요청 본문은 {limit_bytes}바이트를 넘을 수 없습니다.",
        en="A request body may hold {limit_bytes} bytes at most.",
    ),
)
MEDIA_TYPE_UNSUPPORTED = ProblemKind(
    "media-type-unsupported",
    415,
    Text(ko="지원하지 않는 형식", en="Media type not supported"),
    Text(
        ko="본문은 {accepted} 형식으로 보내 주세요.",
        en="Send the body as {accepted}.",
    ),
)
UPLOAD_TOO_LONG = ProblemKind(
    "upload-too-long",
    413,
    Text(ko="줄이 너무 많은 파일", en="Too many rows"),
    Text(
        ko="{rows}줄입니다. 한 번에 {limit_rows}줄까지 보낼 수 있습니다. 저장된 것은 없습니다. 나누어 보내 주세요.",
        en="It has {rows} rows; {limit_rows} may come at once. Nothing was stored. Send it in parts.",
    ),
)
SHEET_UNREADABLE = ProblemKind(
    "sheet-unreadable",
    422,
    Text(ko="읽을 수 없는 표", en="The table cannot be read"),
    Text(
        ko="파일을 표로 읽을 수 없습니다. 저장된 것은 없습니다. errors에서 이유를 확인해 주세요.",
        en="The file cannot be read as a table. Nothing was stored. See errors for the reason.",
    ),
)
SHEET_HEADER_WRONG = ProblemKind(
    "sheet-header-wrong",
    422,
    Text(ko="맞지 않는 열 이름", en="The column names do not fit"),
    Text(
        ko="열 이름이 맞지 않습니다. 저장된 것은 없습니다. 쓸 수 있는 열: {columns}",
        en="The column names do not fit. Nothing was stored. The columns are: {columns}",
    ),
)
INPUT_INVALID = ProblemKind(
    "input-invalid",
    422,
    Text(ko="입력값 오류", en="Input not valid"),
    Text(
        ko="입력값이 올바르지 않아 처리하지 않았습니다. errors에서 항목별 이유를 확인해 주세요.",
        en="Some values are not valid, so nothing was done. See errors for each of them.",
    ),
)
IDEMPOTENCY_KEY_REUSED = ProblemKind(
    "idempotency-key-reused",
    422,
    Text(ko="다른 요청에 쓴 Idempotency-Key", en="Idempotency-Key used for another request"),
    Text(
        ko="이 Idempotency-Key는 내용이 다른 요청에 이미 쓰였습니다. 새 요청에는 새 키를 쓰세요.",
        en="This Idempotency-Key was used for a request with other content. Use a new key for a new request.",
    ),
)
VERSION_MISSING = ProblemKind(
    "version-missing",
    428,
    Text(ko="If-Match 헤더 없음", en="If-Match header missing"),
    Text(
        ko="읽은 내용을 근거로 한 결정입니다. 읽은 자원의 ETag를 If-Match 헤더로 보내 주세요.",
        en="This decides on what you have read: send the ETag of what you read in the If-Match header.",
    ),
)
HEADERS_TOO_LARGE = ProblemKind(
    "headers-too-large",
    431,
    Text(ko="너무 큰 헤더", en="Headers too large"),
    Text(
        ko="요청 줄과 헤더는 합하여 {limit_bytes}바이트를 넘을 수 없습니다.",
        en="The request line and the headers may hold {limit_bytes} bytes in all.",
    ),
)
INTERNAL_ERROR = ProblemKind(
    "internal-error",
    500,
    Text(ko="서버 오류", en="Internal error"),
    Text(
        ko="예상하지 못한 오류가 발생했습니다. trace_id를 운영자에게 알려 주세요.",
        en="Something unexpected went wrong. Tell the operator the trace_id.",
    ),
)
SERVICE_BUSY = ProblemKind(
    "service-busy",
    503,
    Text(ko="일시적 지연", en="Temporarily unavailable"),
    Text(
        ko="지금은 요청을 처리할 수 없습니다. Retry-After 초 뒤에 같은 Idempotency-Key로 다시 보내 주세요.",
        en="The request cannot be served now. Send it again, with the same Idempotency-Key, after Retry-After seconds.",
    ),
)
DEADLINE_EXCEEDED = ProblemKind(
    "deadline-exceeded",
    503,
    Text(ko="처리 시간 초과", en="Deadline exceeded"),
    Text(
        ko="정해진 시간 안에 처리하지 못했습니다. 같은 Idempotency-Key로 다시 보내면 결과를 알 수 있습니다.",
        en="Not served in time. Send it again with the same Idempotency-Key to learn what became of it.",
    ),
)

HTTP_KINDS: tuple[ProblemKind, ...] = tuple(value for value in list(vars().values()) if isinstance(value, ProblemKind))


def kind_of(error: type[DomainError]) -> ProblemKind:
    """The catalogue row of a domain error: its kind gives the status, its class the rest."""
    status = next(STATUS_OF_DOMAIN_ERROR[base] for base in error.__mro__ if base in STATUS_OF_DOMAIN_ERROR)
    return ProblemKind(error.code, status, error.title, error.detail)


def catalogue() -> dict[str, ProblemKind]:
    """Every problem this process can answer with, by code; two different classes with one code are a mistake."""
    rows = {kind.code: kind for kind in HTTP_KINDS}
    for error in _domain_errors(DomainError):
        kind = kind_of(error)
        if rows.setdefault(kind.code, kind) != kind:
            raise TypeError(f"two problems have the code {kind.code}: {error.__module__}.{error.__qualname__} is one")
    return dict(sorted(rows.items()))


def _domain_errors(parent: type[DomainError]) -> list[type[DomainError]]:
    found = []
    for child in parent.__subclasses__():
        if hasattr(child, "code"):
            found.append(child)
        found.extend(_domain_errors(child))
    return found
