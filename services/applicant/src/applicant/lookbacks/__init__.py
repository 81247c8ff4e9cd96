"""Time machine (시점 조회): an application or a project as of an instant, for those who examine it."""
