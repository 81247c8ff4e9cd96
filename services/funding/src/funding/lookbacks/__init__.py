"""Time machine (시점 조회): a project's money, or one payment, as of an instant, for those who examine it."""
