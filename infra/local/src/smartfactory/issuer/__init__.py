"""A small OpenID Connect issuer for machines without an identity provider. It must never run in production."""
