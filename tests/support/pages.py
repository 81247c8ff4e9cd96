"""The pages that every test of pages opens: a new page is one line here."""

PUBLIC_PAGES = (
    "/",
    "/gauge",
    "/outcomes",
    "/outcomes?wave=YEAR_1",
    "/practices",
    "/burden",
    "/developers",
    "/signed-out",
)
"""Addresses that everybody may open."""

OVERSEERS_PAGES = {
    "/mentors": ("province.officer", "52"),
    "/mentors?from=2024-04-01": ("samsung.client", "samsung"),
    "/operations": ("platform.operator", "platform"),
}
"""Addresses of pages that are drawn from what other services tell overseers, and as whom a test opens them."""

NOT_OPENED = frozenset({"/assets/{name}", "/developers/openapi.json", "/no-such-page", "/sign-in", "/signed-in"})
"""What is no page of its own: files, the page of an address that nobody serves, and the ways to the issuer and back."""
