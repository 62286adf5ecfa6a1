"""webMUSHRA's study files read, and its result files written.

Every page type and key that webMUSHRA reads is known here. Whatever a study of Intone cannot say is
listed (`mushra_app.interchange.findings`), never left out in silence.
"""
