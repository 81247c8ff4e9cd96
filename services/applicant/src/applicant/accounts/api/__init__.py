"""HTTP: tokens taken back, officers appointed by two people, company staff invited by a code."""
