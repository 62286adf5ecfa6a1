"""Platform that measures whether context-aware prosody makes synthetic speech more natural."""

__version__ = "0.1.0"
