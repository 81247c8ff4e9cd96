"""Schemathesis over a real service process: requests made from its OpenAPI document, in every role."""
