"""The report: page, numbers, tables, figures."""
