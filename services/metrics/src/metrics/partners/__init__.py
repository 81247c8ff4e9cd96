"""What partners outside may see, told on their own topics and read as a feed: Samsung's mentor system."""
