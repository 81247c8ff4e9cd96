"""What a project would cost its firm, before anybody applies (domain.md story 5, rules F-01 to F-03)."""
