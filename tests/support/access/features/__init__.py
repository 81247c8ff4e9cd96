"""What single features add to a service's world: a module each, with `SERVICE` and `add_to(world)`, found by itself."""
