"""Addresses of the listening page."""

MOUNT = "/test"
