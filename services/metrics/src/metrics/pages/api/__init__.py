"""The pages' routes: one module for each page, `shell` for what all of them share."""
