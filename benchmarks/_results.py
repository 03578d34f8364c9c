"""
Where the figures go: each benchmark writes its own section of RESULTS.md, and leaves the others as they are.

A script calls ``write("name", text)`` with its Markdown, without a heading of the first or second level: heading,
machine, versions and date are added here, for each section by itself, since the sections are renewed one by one. The
section stands at its place among the others by name. ``table`` makes the Markdown of a table, ``installed`` names what
was measured with its version.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"
HEAD = """\
# What was measured

Written by `python -m nox -s bench`; `-- name` renews one section alone. Only ratios within a section mean something:
its measurements took turns on one machine, round by round, and what is shown are medians.
"""


def write(name: str, text: str, packages: Iterable[str] = ()) -> None:
    """Put a section in the place of the last one of that name; `packages` are told with their versions."""
    sections = read()
    sections[name] = f"## {name}\n\n{_circumstances(packages)}\n\n{text.strip()}\n"
    RESULTS.write_text("\n".join([HEAD, *(sections[name] for name in sorted(sections))]), encoding="utf-8")
    print(sections[name])


def read() -> dict[str, str]:
    """The sections that are there, by name."""
    if not RESULTS.exists():
        return {}
    parts = re.split(r"^## (.+)\n", RESULTS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {name: f"## {name}\n{text.rstrip()}\n" for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table: the first column is text, the others are figures."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def installed(packages: Iterable[str]) -> str:
    return ", ".join(f"{package} {version(package)}" for package in packages)


def _circumstances(packages: Iterable[str]) -> str:
    versions = installed(["cincopa-async", *packages])
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    return f"{date}, {_processor()}, {platform.system()}, Python {platform.python_version()}, {versions}."


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(), re.MULTILINE) if cpuinfo.exists() else None
    return found[1] if found else platform.processor() or platform.machine()
