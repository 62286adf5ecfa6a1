"""Design of a study: allocation, order, expected precision."""
