"""Audio: files, checks, spectrograms and pitch."""
