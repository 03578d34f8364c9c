"""Whether the process that opened a store still runs, as far as that can be seen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import evolve

from cincopa_async.stores._process import Process

HERE = Process(pid=7, born="100", namespace="pid:[1]", boot="b")
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells when a process started")


@linux
def test_process_that_asks_is_alive() -> None:
    """And known with all that tells it from others."""
    here = Process.current()

    assert here.pid == os.getpid()
    assert None not in (here.born, here.namespace, here.boot)
    assert here.is_alive(here) is True


@linux
def test_killed_process_is_dead_before_its_parent_knows() -> None:
    """A zombie sends nothing; later its number is gone, or another's."""
    here = Process.current()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
        process = evolve(here, pid=child.pid, born=fields[19])
        seen = [process.is_alive(here), evolve(process, born="1").is_alive(here)]
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        seen.append(process.is_alive(here))
    seen.append(process.is_alive(here))

    assert seen == [True, False, False, False]


@pytest.mark.parametrize(
    ("other", "alive"),
    [
        (evolve(HERE, boot="another"), False),
        (evolve(HERE, boot="another", namespace="pid:[2]"), False),
        (evolve(HERE, namespace="pid:[2]"), None),
        (evolve(HERE, boot=None), None),
        (evolve(HERE, pid=8), True),
        (evolve(HERE, pid=8, born="101"), False),
        (evolve(HERE, pid=9), False),
    ],
)
def test_process_is_dead_only_where_that_is_certain(tmp_path: Path, other: Process, alive: bool | None) -> None:
    """Another start of the machine, another process of that number, a zombie; not what another container runs."""
    for pid, state in ((8, "S"), (9, "Z")):
        stat(tmp_path, str(pid), pid, state)

    assert other.is_alive(HERE, tmp_path) is alive


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("born", ["100", None])
def test_number_that_no_process_has_is_that_of_a_dead_one(tmp_path: Path, born: str | None, there: bool) -> None:
    """Where nothing can be read, one that has the number may be another process."""
    with subprocess.Popen([sys.executable, "-c", "pass"]) as child:
        pass
    process = evolve(HERE, pid=os.getpid() if there else child.pid, born=born)

    assert process.is_alive(HERE, tmp_path) is (None if there else False)


def test_process_of_another_user_may_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system refuses to say more."""

    def refuse(pid: int, signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)

    assert HERE.is_alive(HERE, tmp_path) is None


def test_system_that_tells_nothing_leaves_the_number(tmp_path: Path) -> None:
    """Half a file is nothing too."""
    (tmp_path / "self").mkdir()
    bare = Process.current(tmp_path)
    (tmp_path / "self" / "stat").write_text("1 (a) S 1")

    assert bare == Process.current(tmp_path) == Process(pid=os.getpid())


def stat(proc: Path, name: str, pid: int, state: str) -> None:
    (proc / name).mkdir()
    (proc / name / "stat").write_text(f"{pid} (a ) S (b) {state} {'1 ' * 18}100 5 6")
