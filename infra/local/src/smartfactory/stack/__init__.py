"""The servers and services of one installation: how each is started, watched and stopped."""
