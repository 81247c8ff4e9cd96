"""Agreements (협약): drafted from what funding committed, signed by the parties in turn, in force once covered."""
