"""What an application is, how it moves, and what its screening rules say."""
