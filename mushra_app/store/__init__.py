"""Database: tables, connections, migrations."""
