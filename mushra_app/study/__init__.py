"""Study file and texts for listeners."""
