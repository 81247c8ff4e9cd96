"""What municipalities do for the builds in their area: site visits on a calendar, permits and help for firms."""
