"""The settings that only the metrics service has."""

from pydantic import Field, SecretStr

from common.errors import Text
from common.settings import ServiceSettings, WebAddress, WebOrigin, own_key_faults

LOCAL_WEBHOOK_KEY = "webhook-key-for-local-and-test-only"
_LOCAL = "http://127.0.0.1:8080"
LOCAL_SESSION_KEY = "session-key-for-local-and-test-only"
LOCAL_CLIENT_SECRET = "sign-in-secret-for-local-and-test-only"  # noqa: S105  production refuses it by name


class Settings(ServiceSettings):
    """What the metrics service reads from its environment."""

    small_cell_minimum: int = Field(
        5, ge=2, description="Counts below this are hidden from the public, with what would give them away."
    )

    applicant_url: WebAddress = Field(
        f"{_LOCAL}/applicant", description="Where pages read the applicant service's interface, as their reader."
    )
    funding_url: WebAddress = Field(f"{_LOCAL}/funding", description="The same of the funding service.")
    mentoring_url: WebAddress = Field(f"{_LOCAL}/mentoring", description="The same of the mentoring service.")
    neighbour_timeout_seconds: float = Field(
        1.5, gt=0, le=3, description="How long one of these may take; a page then shows the rest, and what is missing."
    )

    webhook_secret_key: SecretStr = Field(
        SecretStr(LOCAL_WEBHOOK_KEY),
        description="Key that all webhook secrets follow from, the same for all replicas; another changes them all.",
    )
    webhook_loopback: bool = Field(
        default=False, description="Webhooks may go to this machine, also without TLS: for local and test only."
    )
    webhook_endpoints_max: int = Field(5, ge=1, le=50, description="Webhook endpoints that one body may register.")
    webhook_timeout_seconds: float = Field(
        10.0, gt=0, le=30, description="How long a receiver may take before a webhook is sent again later."
    )
    webhook_lease_seconds: float = Field(
        60.0,
        gt=0,
        description="How long a claimed webhook is left to its worker; twice what a receiver may take, or more.",
    )
    webhook_at_once_max: int = Field(64, ge=1, le=500, description="Webhooks that one worker has under way at once.")
    webhook_at_once_per_endpoint: int = Field(
        8, ge=1, le=100, description="Of these, to one endpoint: the rest is for those that answer."
    )
    webhook_kept_days: int = Field(
        90, ge=1, le=3_650, description="Days after which a webhook's delivery and its attempts are removed."
    )

    pages_origin: WebOrigin = Field(
        "http://127.0.0.1:8080",
        description="The one origin that people open pages at, `https://host`; the issuer sends them back to it.",
    )
    sign_in_discovery_url: str = Field(
        "http://127.0.0.1:8080/issuer/.well-known/openid-configuration",
        description="Where the issuer says how people sign in (OpenID Connect Discovery).",
    )
    sign_in_client_id: str = Field("smartfactory-pages", description="How the issuer knows the pages.")
    sign_in_client_secret: SecretStr = Field(
        SecretStr(LOCAL_CLIENT_SECRET), description="How they prove to the issuer who they are."
    )
    session_key: SecretStr = Field(
        SecretStr(LOCAL_SESSION_KEY),
        description="Key that sessions are sealed with, the same for all replicas; another signs everybody out.",
    )
    session_hours: int = Field(12, ge=1, le=24, description="After so many hours people sign in again.")
    session_idle_minutes: int = Field(
        60, ge=5, le=720, description="After so many minutes without a page they do, too."
    )

    partner_feed_per_minute: int = Field(
        120, ge=1, description="How often a partner may read its feed in a minute; more get 429. Each process counts."
    )
    partner_feed_at_once: int = Field(60, ge=1, description="Of these, how many at once after a time of rest.")
    partner_streams_max: int = Field(
        20, ge=1, le=500, description="Streams of the feed that one process holds open; one more gets 429."
    )
    partner_stream_poll_seconds: float = Field(
        1.0, gt=0, le=60, description="How often a stream looks whether anything is new."
    )
    partner_stream_beat_seconds: float = Field(
        15.0, gt=0, description="How long a stream is silent before it says that it still stands."
    )
    partner_stream_stall_seconds: float = Field(
        10.0, gt=0, description="How long a stream's reader may take nothing before it is cut off."
    )

    export_seconds: float = Field(
        60.0,
        gt=0,
        le=600,
        description="How long making one file of an export may take; then 503, and nothing was taken.",
    )
    exports_at_once_max: int = Field(
        2,
        ge=1,
        le=20,
        description="Files of exports that one process makes at once, and as many of those for everybody; one more gets"
        " 429.",
    )
    export_xlsx_rows_max: int = Field(
        100_000, ge=1, le=1_000_000, description="Most rows of a workbook; a longer table is taken as CSV."
    )
    export_stall_seconds: float = Field(
        30.0, gt=0, description="How long a reader of a file may take nothing of it before it is cut off."
    )

    def production_faults(self) -> list[Text]:
        """Secrets of one's own, the public internet only, and no webhook sent by two workers at once."""
        faults = super().production_faults()
        faults += own_key_faults("WEBHOOK_SECRET_KEY", self.webhook_secret_key, LOCAL_WEBHOOK_KEY)
        faults += self._sign_in_faults()
        if self.webhook_loopback:
            faults.append(
                Text(
                    "WEBHOOK_LOOPBACK이 켜져 있습니다: 지우세요. 웹훅은 공개 인터넷으로만 나갑니다",
                    "WEBHOOK_LOOPBACK is on: unset it, webhooks go to the public internet only",
                )
            )
        if self.webhook_lease_seconds < 2 * self.webhook_timeout_seconds:
            faults.append(
                Text(
                    "WEBHOOK_LEASE_SECONDS가 WEBHOOK_TIMEOUT_SECONDS의 두 배보다 작습니다: 늘리세요."
                    " 그대로면 두 작업자가 함께 보냅니다",
                    "WEBHOOK_LEASE_SECONDS is below twice WEBHOOK_TIMEOUT_SECONDS: raise it,"
                    " or two workers send at once",
                )
            )
        for name in ("applicant_url", "funding_url", "mentoring_url"):
            if str(getattr(self, name)).startswith(_LOCAL):
                faults.append(
                    Text(
                        f"{name.upper()}이(가) 로컬 기본값입니다: 그 서비스가 응답하는 주소를 적으세요",
                        f"{name.upper()} is the local default: set it to where that service answers",
                    )
                )
        return faults

    def _sign_in_faults(self) -> list[Text]:
        faults = [
            Text(
                f"{name}이(가) https가 아닙니다: 사람들과 인증 서비스가 쓰는 https 주소를 적으세요",
                f"{name} is not https: set it to the https address that people and the issuer use",
            )
            for name, address in (
                ("PAGES_ORIGIN", self.pages_origin),
                ("SIGN_IN_DISCOVERY_URL", self.sign_in_discovery_url),
            )
            if not address.startswith("https://")
        ]
        if self.sign_in_client_secret.get_secret_value() == LOCAL_CLIENT_SECRET:
            faults.append(
                Text(
                    "SIGN_IN_CLIENT_SECRET이 로컬 기본값입니다: 인증 서비스가 준 값을 적으세요",
                    "SIGN_IN_CLIENT_SECRET is the local default: set the one that the issuer gave",
                )
            )
        if not self.sign_in_client_secret.get_secret_value():
            faults.append(
                Text(
                    "SIGN_IN_CLIENT_SECRET이 비어 있습니다: 인증 서비스가 준 값을 적으세요",
                    "SIGN_IN_CLIENT_SECRET is empty: set the one that the issuer gave",
                )
            )
        return faults + own_key_faults("SESSION_KEY", self.session_key, LOCAL_SESSION_KEY)
