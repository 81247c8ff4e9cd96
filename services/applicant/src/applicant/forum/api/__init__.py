"""The Forum over HTTP."""
