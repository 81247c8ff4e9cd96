"""The documents that are made from code: events, REST, settings, problems and the tables in docs/architecture.md."""
