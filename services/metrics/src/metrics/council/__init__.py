"""The report to a council: one municipality's factories, money, burdens, outcomes and what is open."""
