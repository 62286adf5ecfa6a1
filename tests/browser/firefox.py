"""Firefox by its own remote protocol (Marionette), which needs nothing but Firefox."""

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
    """A headless Firefox with a profile of its own."""

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
        """Run a function body in the page; what it returns."""
        return self._ask("WebDriver:ExecuteScript", {"script": script, "args": list(arguments)})[
            "value"
        ]

    def wait(self, script: str, seconds: float = 60) -> Any:
        """Run a function body again and again until it returns something true."""
        ends = time.monotonic() + seconds
        while not (found := self.run(script)):
            assert time.monotonic() < ends, script
            time.sleep(0.2)
        return found

    def screenshot(self, path: Path) -> None:
        """Save what is shown as PNG."""
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
        said = json.dumps([0, self._count, command, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(said), said))
        _, number, error, result = self._read()
        assert number == self._count
        assert error is None, error
        return result

    def _read(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            length += self._socket.recv(1)
        wanted, got = int(length[:-1]), b""
        while len(got) < wanted:
            got += self._socket.recv(wanted - len(got))
        return json.loads(got)
