"""Training of a vocoder."""
