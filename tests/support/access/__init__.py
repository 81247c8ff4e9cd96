"""Every request of docs/permissions.toml, sent to the real applications: worlds, callers, and what their answers mean."""
