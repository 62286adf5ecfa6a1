"""Training of a refiner."""
