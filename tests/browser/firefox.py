"""Firefox, driven by its remote protocol (Marionette) without a driver."""

import base64
import json
import socket
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

_PREFERENCES = {
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
}


class Firefox:
    """Headless Firefox with a new profile."""

    def __init__(self, binary: str, profile: Path) -> None:
        profile.mkdir(parents=True)
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        preferences = {**_PREFERENCES, "marionette.port": port}
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in preferences.items()]
        (profile / "user.js").write_text("\n".join(lines))
        command = [binary, "--headless", "--marionette", "--no-remote", "--profile", str(profile)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._socket = self._connect(port)
        self._count = 0
        self._read()
        self._ask("WebDriver:NewSession", {"capabilities": {}})

    def goto(self, address: str) -> None:
        """Open a page and wait until it is loaded."""
        self._ask("WebDriver:Navigate", {"url": address})

    def run(self, script: str, *arguments: object) -> Any:
        """Run a function body in the page and return its value."""
        return self._ask("WebDriver:ExecuteScript", {"script": script, "args": list(arguments)})[
            "value"
        ]

    def wait(self, script: str, seconds: float = 60) -> Any:
        """Run a function body repeatedly until its value is true; return it."""
        ends = time.monotonic() + seconds
        while not (value := self.run(script)):
            assert time.monotonic() < ends, script
            time.sleep(0.2)
        return value

    def screenshot(self, path: Path) -> None:
        """Save the whole page as PNG."""
        answer = self._ask("WebDriver:TakeScreenshot", {"full": True, "hash": False})
        path.write_bytes(base64.b64decode(answer["value"]))

    def close(self) -> None:
        """End the browser."""
        self._socket.close()
        self._process.kill()
        self._process.wait()

    def _connect(self, port: int) -> socket.socket:
        for _ in range(600):
            try:
                connection = socket.create_connection(("127.0.0.1", port))
                connection.settimeout(120)
                return connection
            except OSError:
                assert self._process.poll() is None, "Firefox ended"
                time.sleep(0.1)
        raise AssertionError("Firefox did not start")

    def _ask(self, command: str, parameters: dict[str, Any]) -> Any:
        self._count += 1
        message = json.dumps([0, self._count, command, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        _, number, error, result = self._read()
        assert number == self._count
        assert error is None, error
        return result

    def _read(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            length += self._socket.recv(1)
        size, body = int(length[:-1]), b""
        while len(body) < size:
            body += self._socket.recv(size - len(body))
        return json.loads(body)
