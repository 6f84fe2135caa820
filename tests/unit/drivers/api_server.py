"""A web server that answers like an API server, or like something worse, and a kubeconfig that leads to it."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: other
clusters:
  - {{name: here, cluster: {{server: "http://localhost:{port}"}}}}
users:
  - {{name: us, user: {{token: s3cret}}}}
contexts:
  - {{name: north, context: {{cluster: here, user: us}}}}
  - {{name: other, context: {{cluster: here, user: us}}}}
"""


@dataclass
class Server:
    """``answers`` are given in turn, the last one again and again: status, type, body. ``date``: by its own clock."""

    port: int = 0
    answers: list[tuple[int, str, bytes]] = field(default_factory=list)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    stream: Callable[[Callable[[object], None]], None] | None = None
    date: str = ""

    def say(self, status: int, body: object) -> None:
        self.answers.append((status, "application/json", json.dumps(body).encode()))

    def kubeconfig(self, folder: Path) -> Path:
        path = folder / "kubeconfig"
        path.write_text(KUBECONFIG.format(port=self.port))
        return path


@contextmanager
def serving() -> Iterator[Server]:
    said = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            said.asked.append((self.command, self.path, body.decode()))
            said.asked.append(("Authorization", self.headers.get("Authorization", ""), ""))
            if said.stream is not None and "watch=true" in self.path:
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                said.stream(self._line)
                self.wfile.write(b"0\r\n\r\n")
                return
            status, kind, content = said.answers.pop(0) if len(said.answers) > 1 else said.answers[0]
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _line(self, value: object) -> None:
            line = json.dumps(value).encode() + b"\n"
            self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            self.wfile.flush()

        def date_time_string(self, timestamp: float | None = None) -> str:
            return said.date or super().date_time_string(timestamp)

        def do_PATCH(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("localhost", 0), Handler)
    server.daemon_threads = True
    said.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield said
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def dribbling() -> Iterator[int]:
    """A port that answers whoever asks with a byte now and then, as part of an answer that never ends."""
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            while not ended.wait(0.02):
                try:
                    self.wfile.write(b" ")
                except OSError:  # who asked has left
                    return

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("localhost", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def deaf() -> Iterator[int]:
    """A port that accepts connections and never says anything."""
    with socket.create_server(("localhost", 0)) as listening:
        yield listening.getsockname()[1]
