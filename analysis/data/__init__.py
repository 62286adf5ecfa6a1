"""Reading and checking of ratings and preferences."""
