"""Report on a corpus, prepared or not."""
