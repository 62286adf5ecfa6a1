"""Vocoders: from log-mel spectrogram to waveform."""
