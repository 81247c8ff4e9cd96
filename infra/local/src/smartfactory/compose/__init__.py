"""What the containers around the services do where docker-compose.yml runs the system on a developer's machine."""
