"""Reading a project, and a firm's cases."""
