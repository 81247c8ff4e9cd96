"""Plans: which team goes to which project and when, matched to the optimum, confirmed by a second person."""
