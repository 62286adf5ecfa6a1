"""Speech and stimulus sets from trained systems."""
