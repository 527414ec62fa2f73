"""A link with a delay and a bandwidth, in front of a server of this machine; it counts the bytes.

python tests/benchmarks/link.py PORT ROUND-TRIP-IN-SECONDS BITS-PER-SECOND

It prints its own port, and for each line that it reads the bytes up and down since the last one.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field

_PIECE = 64 * 1024


class Link:
    """A link to a port, in a process of its own, so that it does not wait for the server's turns."""

    def __init__(self, port: int, *, round_trip: float, bits: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(port), str(round_trip), str(bits)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._line())

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()

    def bytes_since(self) -> tuple[int, int]:
        """Return the bytes up and down since the last call."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        up, down = self._line().split()
        return int(up), int(down)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@dataclass
class _Way:
    """One direction of the link, which all connections share."""

    delay: float
    bits: float
    bytes: int = 0
    free: float = 0.0
    """When the last byte so far has left."""
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, opening: float
    ) -> None:
        """Carry what one side says to the other; the first piece waits for the opening."""
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        start = loop.time() + opening

        async def deliver() -> None:
            while True:
                due, piece = await pieces.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                if not piece:
                    break
                writer.write(piece)
                await writer.drain()
            writer.close()

        delivering = asyncio.create_task(deliver())
        piece = b"-"
        with suppress(OSError):
            while piece:
                piece = await reader.read(_PIECE)
                self.bytes += len(piece)
                self.free = max(self.free, loop.time(), start) + len(piece) * 8 / self.bits
                pieces.put_nowait((self.free + self.delay, piece))
        if piece:
            pieces.put_nowait((loop.time(), b""))
        with suppress(OSError):
            await delivering


async def _serve(port: int, round_trip: float, bits: float) -> None:
    up, down = _Way(round_trip / 2, bits), _Way(round_trip / 2, bits)

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        # A connection takes a round trip before anything is said over it.
        await asyncio.gather(up.carry(reader, back, round_trip), down.carry(there, writer, 0.0))

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(up.bytes, down.bytes, flush=True)
        up.bytes = down.bytes = 0


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))
