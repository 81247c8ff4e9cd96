"""Good practices over HTTP."""
