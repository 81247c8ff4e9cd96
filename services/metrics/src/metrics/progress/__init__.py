"""How far a call's cases have come and where its money stands, by source and municipality."""
