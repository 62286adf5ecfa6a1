"""The corpus heart: novels read by a stand-in voice.

Kokoro-82M reads public-domain texts sentence by sentence from this front-end's own phones, so that
text and audio agree.
"""

from tts_core.corpus.heart.build import build_heart

__all__ = ["build_heart"]
