"""The applicant service."""
