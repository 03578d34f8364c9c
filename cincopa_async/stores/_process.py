"""Which process opened a store, and whether that one still runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Self

from attrs import frozen

_PROC = Path("/proc")


@frozen(kw_only=True)
class Process:
    """A process as others on the machine can tell it from all that had its number before, or will have it."""

    pid: int
    born: str | None = None
    """When it started, in ticks since the machine did; None where only Linux could tell."""
    namespace: str | None = None
    """Among which processes its number means it: containers have one each."""
    boot: str | None = None
    """The machine's start that it belongs to."""

    @classmethod
    def current(cls, proc: Path = _PROC) -> Self:
        """Return the process that asks."""
        try:
            pid, _, born = _stat(proc / "self" / "stat")
            namespace = os.readlink(proc / "self" / "ns" / "pid")  # noqa: PTH115 - a name, no path
            boot = (proc / "sys" / "kernel" / "random" / "boot_id").read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return cls(pid=os.getpid())
        return cls(pid=pid, born=born, namespace=namespace, boot=boot)

    def is_alive(self, here: Process, proc: Path = _PROC) -> bool | None:
        """
        Say whether this process runs, as one that runs `here` can see it: None where it cannot.

        True and False are certain. That matters for False alone: it makes an upload unknown, or hands it to another.
        """
        if self.boot is not None and here.boot is not None and self.boot != here.boot:
            return False
        if (self.boot, self.namespace) != (here.boot, here.namespace):
            return None
        if self.born is None:
            return _unless_gone(self.pid)
        try:
            _, state, born = _stat(proc / str(self.pid) / "stat")
        except (OSError, ValueError):
            return _unless_gone(self.pid)  # Some systems hide what other users run.
        # A zombie sends nothing any more: it was killed, and its parent has not asked how it ended.
        return state not in ("Z", "X") and born == self.born


def _stat(path: Path) -> tuple[int, str, str]:
    """Return number, state and time of start; https://www.man7.org/linux/man-pages/man5/proc_pid_stat.5.html."""
    number, _, rest = path.read_text(encoding="utf-8", errors="replace").partition(" (")
    fields = rest.rpartition(")")[2].split()  # The name in between may hold spaces and parentheses.
    if len(fields) < 20:
        raise ValueError("no process's stat")
    return int(number), fields[0], fields[19]


def _unless_gone(pid: int) -> bool | None:
    """Return False if no process has the number; else None, for it may have been given to another one."""
    if sys.platform == "win32":
        return None  # There os.kill would end the process.
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # It is another user's.
    return None
