"""The CEO Forum (상생협의회): it markets the programme and prepares firms; it scores and pays nothing."""
