"""The end of each outcome wave: a project's wave is closed behind its last day, once, and partners are told."""
