"""The nouns the services share: events and value types, without mechanism."""
