"""Report of preference (AB) tests."""
