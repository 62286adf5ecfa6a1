"""Tabs of the researcher's page."""
