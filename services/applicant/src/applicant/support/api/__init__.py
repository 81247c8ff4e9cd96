"""What municipalities do for builds, over HTTP."""
