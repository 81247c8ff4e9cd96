"""The gauge of 300: how many factories are planned, agreed, completed or ended, by one explicit rule."""
