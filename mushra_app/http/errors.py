"""Error of a request that the server refuses."""


class RefusedError(Exception):
    """Request that does not fit the state of the sitting; `status` is the HTTP status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
