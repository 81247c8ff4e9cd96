"""A project with its timeline, money and evidence, and a firm's cases: what the services show to their reader."""
