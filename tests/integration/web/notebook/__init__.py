"""A service of one small feature, made only of what `libs/common` offers: the web tests' subject."""
