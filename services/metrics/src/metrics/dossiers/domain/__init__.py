"""What the services tell of a case, put in order: what happened, where it stands, what comes next and until when."""
