"""With which settings of signing in production does not start."""

import pytest
from pydantic import ValidationError

from metrics.settings import LOCAL_CLIENT_SECRET, LOCAL_SESSION_KEY, Settings

SOUND = {
    "pages_origin": "https://smartfactory.example",
    "sign_in_discovery_url": "https://id.example/.well-known/openid-configuration",
    "sign_in_client_secret": "given by the issuer",
    "session_key": "k" * 40,
}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({}, None),
        ({"pages_origin": "http://smartfactory.example"}, "PAGES_ORIGIN is not https"),
        ({"sign_in_discovery_url": "http://id.example/x"}, "SIGN_IN_DISCOVERY_URL is not https"),
        ({"sign_in_client_secret": LOCAL_CLIENT_SECRET}, "SIGN_IN_CLIENT_SECRET is the local default"),
        ({"sign_in_client_secret": ""}, "SIGN_IN_CLIENT_SECRET is empty"),
        ({"session_key": LOCAL_SESSION_KEY}, "SESSION_KEY is the local default"),
        ({"session_key": "short"}, "SESSION_KEY is short"),
    ],
)
def test_production_signs_people_in_over_https_with_secrets_of_its_own(
    changed: dict[str, str], named: str | None
) -> None:
    settings = Settings(app_env="test", database_url="postgresql://db/metrics", **(SOUND | changed))  # type: ignore[arg-type]
    found = [each.en.partition(":")[0] for each in settings.production_faults()]
    of_signing_in = [each for each in found if each.startswith(("PAGES", "SIGN_IN", "SESSION"))]
    assert of_signing_in == ([named] if named else [])


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://Smartfactory.Example", "https://smartfactory.example"),
        ("HTTPS://smartfactory.example:443", "https://smartfactory.example"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("https://smartfactory.example:8443", "https://smartfactory.example:8443"),
        ("http://smartfactory.example:443", "http://smartfactory.example:443"),
    ],
)
def test_the_origin_of_the_pages_is_the_one_that_browsers_name(written: str, kept: str) -> None:
    settings = Settings(app_env="test", database_url="postgresql://db/metrics", **(SOUND | {"pages_origin": written}))  # type: ignore[arg-type]
    assert settings.pages_origin == kept


@pytest.mark.parametrize(
    "written",
    [
        "smartfactory.example",
        "https://smartfactory.example/",
        "https://smartfactory.example?x",
        "https://kim@smartfactory.example",
        "https://smart factory.example",
        "https://전북.example",
        "https://smartfactory.example:port",
        "ftp://smartfactory.example",
        "https://",
    ],
)
def test_what_is_no_origin_is_refused(written: str) -> None:
    with pytest.raises(ValidationError, match="it must be an origin like"):
        Settings(app_env="test", database_url="postgresql://db/metrics", **(SOUND | {"pages_origin": written}))  # type: ignore[arg-type]
