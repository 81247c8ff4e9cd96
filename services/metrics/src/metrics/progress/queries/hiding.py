"""How small numbers are hidden, for the features that tell everybody of theirs."""

from metrics.progress import domain

hide_small = domain.suppress
hide_small_parts = domain.suppress_parts
hide_small_total = domain.suppress_total
