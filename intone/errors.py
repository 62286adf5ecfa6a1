"""The exception whose message is meant for users."""


class UserError(Exception):
    """Invalid input, with a message of one sentence.

    The message is "FILE, line: problem; action" where a file is involved.

    The command line prints the message without a traceback and exits with status 1.
    """
