"""Nodes on one machine: network namespaces on a wire that delays each frame, since few kernels have a delay of their own."""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

TUN = Path("/dev/net/tun")
SET_INTERFACE, FRAMES, NO_HEADER = 0x400454CA, 0x0002, 0x1000
MTU = 9_000


def missing() -> str:
    """Why there can be no nodes here; empty if there can."""
    if shutil.which("ip") is None:
        return "no command ip, which Debian's iproute2 has"
    if not os.access(TUN, os.R_OK | os.W_OK):
        return f"no access to {TUN}"
    tried = subprocess.run(["ip", "netns", "add", f"try{os.getpid()}"], capture_output=True, text=True, check=False)
    subprocess.run(["ip", "netns", "del", f"try{os.getpid()}"], capture_output=True, check=False)
    return tried.stderr.strip()


class Nodes:
    """So many nodes with addresses of their own, which hear each other after a delay in seconds, one way.

    What runs on them is killed, and they are taken away, at the end of the ``with`` block.
    """

    def __init__(self, count: int, *, delay: float = 0.0) -> None:
        self.names = [f"node{os.getpid()}-{i}" for i in range(count)]
        self.addresses = [f"10.199.0.{i + 1}" for i in range(count)]
        self.delay = delay

    def __enter__(self) -> Self:
        taps = [f"tap{os.getpid()}-{i}"[-15:] for i in range(len(self.names))]
        command = [sys.executable, __file__, str(self.delay), *taps]
        self._wire = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self._wire.stdout is not None
        self._wire.stdout.readline()
        for name, tap, address in zip(self.names, taps, self.addresses, strict=True):
            _ip("netns", "add", name)
            _ip("link", "set", tap, "netns", name)
            _ip("-n", name, "link", "set", tap, "name", "eth0", "mtu", str(MTU))
            _ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            for interface in ("lo", "eth0"):
                _ip("-n", name, "link", "set", interface, "up")
        return self

    def start(self, node: int, command: Sequence[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
        """Run a command on a node, what it says going to a file."""
        inside = ["ip", "netns", "exec", self.names[node], *command]
        with log.open("ab") as file:
            return subprocess.Popen(inside, env=os.environ | environment, stdout=file, stderr=subprocess.STDOUT)

    def kill(self, node: int) -> None:
        """Kill all that runs on a node at once, as if its power failed."""
        found = subprocess.run(["ip", "netns", "pids", self.names[node]], capture_output=True, text=True, check=False)
        for process in found.stdout.split():
            try:
                os.kill(int(process), signal.SIGKILL)
            except ProcessLookupError:
                continue

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for node, name in enumerate(self.names):
            self.kill(node)
            _ip("netns", "del", name)
        self._wire.kill()
        self._wire.communicate()


def _ip(*arguments: str) -> None:
    """Call ip, and raise what it complains of."""
    subprocess.run(["ip", *arguments], check=True)


def _tap(name: str) -> int:
    """An interface that is a file: what is sent into it can be read, and what is written to it arrives."""
    file = os.open(TUN, os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(file, SET_INTERFACE, struct.pack("16sH", name.encode(), FRAMES | NO_HEADER))
    return file


def wire(delay: float, names: Sequence[str]) -> None:
    """Hand each frame of an interface on to all others after a delay, for ever."""
    taps = [_tap(name) for name in names]
    print("ready", flush=True)
    under_way: deque[tuple[float, int, bytes]] = deque()
    while True:
        wait = max(0.0, under_way[0][0] - time.monotonic()) if under_way else None
        for source in select.select(taps, [], [], wait)[0]:
            frame = _attempted(os.read, source, MTU + 100)
            if frame:
                under_way.append((time.monotonic() + delay, source, frame))
        while under_way and under_way[0][0] <= time.monotonic():
            _, source, frame = under_way.popleft()
            for tap in taps:
                if tap != source:
                    _attempted(os.write, tap, frame)


def _attempted(call: object, *arguments: object) -> bytes:
    """What a call gives; nothing where an interface is not up, or full."""
    try:
        return call(*arguments)  # type: ignore[operator, no-any-return]
    except OSError:
        return b""


if __name__ == "__main__":
    wire(float(sys.argv[1]), sys.argv[2:])
