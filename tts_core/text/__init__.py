"""Text front-end: normalisation, pronunciation, tags, trees, text encoders."""
