"""Releases (지급): public money leaves for a project, after its gate, by two officers and a treasurer, exactly once."""
