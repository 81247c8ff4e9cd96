"""Documents (증빙자료): uploaded once in parts, hashed, scanned, kept in versions, and read by every body that may."""
