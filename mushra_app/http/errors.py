"""Error of a request that the server refuses."""


class RefusedError(Exception):
    """Request refused with an HTTP `status`."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
