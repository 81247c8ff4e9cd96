"""The season driver: one programme year, played over the public REST API by everybody who has a part in it."""
