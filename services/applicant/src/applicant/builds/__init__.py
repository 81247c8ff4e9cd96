"""Builds (구축): what becomes of a project under an agreement in force, until it is completed or terminated."""
