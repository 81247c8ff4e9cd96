"""HTTP: companies apply, the operator screens, everybody concerned sees where the case stands.

Later features fill two seams, wired in main: `reading_routes` is told which cases a panel member was assigned, and
`withdrawal_routes` what else happens when a company withdraws (a place it held becomes free).
"""
