"""Coverage: every source of a signed agreement covers its share, and only then is the committed money granted."""
