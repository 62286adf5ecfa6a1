"""The one exception that a person is meant to read."""


class UserError(Exception):
    """Bad input, told in one sentence: what is wrong, where (file, line, key), what to do.

    The command line prints the message without a traceback and exits with status 1.
    """
