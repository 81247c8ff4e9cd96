"""Firms that smart-factory schemes supported before: imported from spreadsheets, asked by the rules on first-timers."""
