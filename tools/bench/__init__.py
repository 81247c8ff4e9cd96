"""The benchmark: how close the shipped services come to the limits of what they stand on, as ratios of one run."""
