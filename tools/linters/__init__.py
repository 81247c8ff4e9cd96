"""The linters of OpenAPI and AsyncAPI, which are Node programs: installed by lock into .cache, run on docs/."""
