"""Budget lines by track, year, source and municipality: proposed by one person, confirmed by another, drawn on."""
