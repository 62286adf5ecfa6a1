"""The screens of the listener, as Gradio blocks."""
