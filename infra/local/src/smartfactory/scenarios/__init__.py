"""Programme years as data: every value names its source or says that it is assumed."""
