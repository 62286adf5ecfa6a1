"""Listener's screens, as Gradio blocks."""
