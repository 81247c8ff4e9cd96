"""Good practices in PostgreSQL, and the criteria that come with the program."""
