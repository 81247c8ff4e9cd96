"""The limits that figures are measured against, each as little code as does the work."""
