"""Objections (이의신청): a refused firm objects in time, and somebody who did not refuse it decides."""
