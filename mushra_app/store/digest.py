"""Digests of tokens, cookies and texts that the database keeps."""

import hashlib


def text_sha256(text: str) -> str:
    """Return the SHA-256 digest of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
