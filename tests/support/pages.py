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

NOT_OPENED = frozenset({"/assets/{name}", "/developers/openapi.json", "/no-such-page", "/sign-in", "/signed-in"})
"""What is no page of its own: files, the page of an address that nobody serves, and the ways to the issuer and back."""
