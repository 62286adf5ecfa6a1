"""Intone: does context-aware prosody make synthetic speech more natural, and by how much?"""

__version__ = "0.1.0"
