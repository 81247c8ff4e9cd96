"""How the same work is done elsewhere, so that the report shows what each simple choice loses."""
