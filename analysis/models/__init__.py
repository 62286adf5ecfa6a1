"""Statistical models: NumPy arrays in, numbers out."""
