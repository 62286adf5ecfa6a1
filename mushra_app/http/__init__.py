"""Addresses, same-origin rule and Gradio settings of listeners' and researchers' pages."""
