"""Training of systems: stages, loop, checkpoints."""
