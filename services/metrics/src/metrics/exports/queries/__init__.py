"""What can be saved: each table with its columns, its readers and where its rows come from."""
