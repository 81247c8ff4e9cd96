"""What people, events and the worker do with releases; each function is one step, in its caller's transaction."""
