"""The invariants I1 to I9, checked by code that shares nothing with the services.

Own SQL over the four databases, the topics read from offset 0 by another client library, and what the clients saw. Each
checker gives one claim: how many things it looked at, and what it found.
"""
