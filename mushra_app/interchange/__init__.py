"""Import of foreign study files, export of results and archives."""
