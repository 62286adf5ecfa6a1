"""Foreign study files in, results and archives out."""
