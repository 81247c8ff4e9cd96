"""`make compose-check`: docker-compose.yml as it is shipped, brought up by a real Docker Engine and tried."""
