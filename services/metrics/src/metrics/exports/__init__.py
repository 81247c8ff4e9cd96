"""Every table of this service as a file to save, and who took which of them and why."""
