"""Import of webMUSHRA's study files, and export of its result files.

All page types and keys of webMUSHRA are known. Whatever a study of Intone cannot express is listed
as a difference (`mushra_app.interchange.findings`).
"""
