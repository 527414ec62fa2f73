"""One run of `promote` that is looked at while it goes on, to see where its time goes."""

from __future__ import annotations

import json
import sys
import threading
import time

TYPE_CHECKING = False  # what is imported here is not seen in the run
if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

_INTERVAL = 0.002
# The first that a frame's file belongs to, from the innermost frame outwards.
_KINDS = {
    "<frozen importlib": "imports",
    "/promoter/git/": "git",
    "/promoter/forges/": "API",
    "/promoter/registry/": "registry",
    "/promoter/render/": "render",
}
NAMES = (*dict.fromkeys(_KINDS.values()), "rest")


def kind_of(frame: FrameType | None) -> str:
    """Return what a thread is at, by the files of its frames."""
    while frame is not None:
        file = frame.f_code.co_filename
        for sign, kind in _KINDS.items():
            if sign in file:
                return kind
        frame = frame.f_back
    return "rest"


def run_sampled(report: Path) -> int:
    """Run `promote` with this process's arguments, and write where its time went."""
    begin, main = time.perf_counter(), threading.get_ident()
    counts = dict.fromkeys(NAMES, 0)
    first: list[float] = []
    ended = threading.Event()

    def note(event: str, _: object) -> None:
        if event in ("subprocess.Popen", "socket.connect") and not first:
            first.append(time.perf_counter() - begin)

    def sample() -> None:
        while not ended.wait(_INTERVAL):
            counts[kind_of(sys._current_frames().get(main))] += 1

    sys.addaudithook(note)
    threading.Thread(target=sample, daemon=True).start()
    from promoter.cli.main import run  # what is imported from here on is measured

    code = run(sys.argv[1:])
    ended.set()
    wall, samples = time.perf_counter() - begin, max(1, sum(counts.values()))
    times = {name: wall * counts[name] / samples for name in NAMES}
    report.write_text(json.dumps({**times, "wall": wall, "first": first[0] if first else wall}))
    return code
