"""Paths and cookies of the listeners' and the researchers' pages."""

MOUNT = "/test"
ADMIN = "/admin"
LISTENER_COOKIE = "mushra_sitting"
ADMIN_COOKIE = "intone_admin"
