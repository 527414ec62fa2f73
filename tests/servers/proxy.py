"""A proxy of HTTP that connects whoever asks for any host to one port of this machine."""

from __future__ import annotations

import base64
import select
import socket
import threading
from contextlib import closing, suppress
from typing import Self


class Proxy:
    """Answers CONNECT on loopback; with a `login`, only to who has it. `asked` are the hosts."""

    def __init__(self, port: int, login: str = "") -> None:
        self.asked: list[str] = []
        self._to = port
        self._login = base64.b64encode(login.encode()).decode()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with closing(client), suppress(OSError):
            while head := _head(client):
                self.asked.append(head.split()[1])
                if self._login in head:
                    client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                    with socket.create_connection(("127.0.0.1", self._to)) as server:
                        _join(client, server)
                    return
                client.sendall(
                    b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                    b"Proxy-Authenticate: Basic realm=proxy\r\nContent-Length: 0\r\n\r\n"
                )


def _head(client: socket.socket) -> str:
    """Return the head of the next request; empty where there is none."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        if not (byte := client.recv(1)):
            return ""
        data += byte
    return data.decode("latin-1")


def _join(one: socket.socket, other: socket.socket) -> None:
    """Give each what the other sends, until one of them ends."""
    while True:
        for ready in select.select([one, other], [], [])[0]:
            if not (data := ready.recv(1 << 16)):
                return
            (other if ready is one else one).sendall(data)
