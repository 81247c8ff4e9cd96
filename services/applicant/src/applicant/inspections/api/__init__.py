"""HTTP: interim and completion inspections, by those who make them and for those they concern."""
