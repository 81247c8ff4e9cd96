"""Makes the house's shape: the packages of a feature or a service, their tests, and their rows in what is shared."""
