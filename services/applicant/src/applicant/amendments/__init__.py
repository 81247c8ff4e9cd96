"""Amendments (협약변경): what of an agreement in force may change, in which window, and who must agree."""
