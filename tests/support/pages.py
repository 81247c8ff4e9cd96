"""The pages that every test of pages opens: a new page is one line here."""

PUBLIC_PAGES = ("/", "/burden", "/developers")
"""Addresses that everybody may open."""

NOT_OPENED = frozenset({"/assets/{name}", "/no-such-page"})
"""What is no page of its own: files, and the page of an address that nobody serves."""
