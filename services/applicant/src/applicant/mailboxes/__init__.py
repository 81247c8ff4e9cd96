"""Mailboxes of offices (기관 우편함): where a public body gets its notices, by one person, confirmed by another."""
