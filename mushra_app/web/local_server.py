"""Local server for an application, on a free port."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from intone.errors import UserError

if TYPE_CHECKING:
    from fastapi import FastAPI


@contextmanager
def running(app: "FastAPI") -> Iterator[str]:
    """Serve an application in a thread and yield its address.

    Raises:
        UserError: it does not start on this machine.
    """
    import uvicorn

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        while not server.started:
            if not thread.is_alive():
                raise UserError("local server: did not start; see the log above")
            time.sleep(0.02)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
