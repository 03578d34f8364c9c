"""The mark on all that trials make: by it a later run finds and removes what an earlier one left, and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from secrets import token_hex
from typing import Final, Self
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from cincopa_async.stores._process import Process

MARK: Final = "cincopa-async-contract"
"""The reference_id of every asset that trials make, and the first word of the names of their galleries and files."""
RUN_SECONDS: Final = 15 * 60.0
"""How long a run takes at most, in seconds; tidying comes on top."""
HOME: Final = "home"
"""The gallery of a run that is made first and deleted last: while it stands, and its run is alive, all is in use."""

_NAME = re.compile(rf"{MARK} (\d{{8}}T\d{{6}}Z) ([0-9a-f]{{8}}) ([\w.%+-]+)")
_TIME = "%Y%m%dT%H%M%SZ"
# A margin for tidying, and for clocks that differ.
_LEFT_OVER_AFTER = timedelta(seconds=2 * RUN_SECONDS)


@dataclass(frozen=True, slots=True)
class Name:
    """What the name of a gallery or a file tells: of which run it is, begun when, and what for."""

    begun: datetime
    run: str
    about: str

    def __str__(self) -> str:
        return f"{MARK} {self.begun:{_TIME}} {self.run} {self.about}"

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        """Read a name, url-encoded or not; None for one that trials did not give, however much it looks like theirs."""
        match = _NAME.fullmatch(unquote(text or ""))
        if match is None:
            return None
        try:
            begun = datetime.strptime(match[1], _TIME).replace(tzinfo=UTC)
        except ValueError:
            return None
        return cls(begun, match[2], match[3])


@dataclass(frozen=True, slots=True)
class Notes:
    """What the description of a gallery tells a later run, should this one be killed."""

    process: str = ""
    """Who makes the run, as :class:`Maker` writes it."""
    pulls: str = ""
    """The name that the file has which is pulled into it: its assets have no mark before they are there."""
    uploads: tuple[str, ...] = ()
    """The status_ids of what was started into it."""

    def __str__(self) -> str:
        told = {"process": self.process, "pulls": self.pulls, "uploads": ",".join(self.uploads)}
        written = " ".join(f"{name}={quote(text, safe=',')}" for name, text in told.items() if text)
        return f"Made by cincopa contract, which deletes it again. {written}".strip()

    @classmethod
    def read(cls, text: str | None) -> Self:
        """Read a description."""
        told = dict(re.findall(r"(process|pulls|uploads)=(\S+)", text or ""))
        uploads = tuple(unquote(told["uploads"]).split(",")) if "uploads" in told else ()
        return cls(unquote(told.get("process", "")), unquote(told.get("pulls", "")), uploads)


@dataclass(frozen=True, slots=True)
class Maker:
    """Who makes a run, so that another on the same machine can tell whether it is still at work."""

    here: Process = field(default_factory=Process.current)

    def __str__(self) -> str:
        return f"{self._place}-{self.here.pid}-{self.here.born or ''}"

    def is_gone(self, process: str) -> bool:
        """Say whether a run's process has certainly ended; False where that cannot be known from here."""
        if self.here.boot is None:  # Nor, then, whether this machine is the other's.
            return False
        place, _, rest = process.partition("-")
        pid, _, born = rest.partition("-")
        if place != self._place or not pid.isdecimal():
            return False
        other = Process(pid=int(pid), born=born or None, namespace=self.here.namespace, boot=self.here.boot)
        return other.is_alive(self.here) is False

    @property
    def _place(self) -> str:
        return sha256(f"{self.here.boot} {self.here.namespace}".encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Run:
    """One run, and how its things are named."""

    id: str = field(default_factory=lambda: token_hex(4))
    begun: datetime = field(default_factory=lambda: datetime.now(UTC))
    maker: Maker = field(default_factory=Maker)

    def name(self, about: str) -> str:
        """Name a gallery or a file."""
        return str(Name(self.begun, self.id, about))

    def hook_url(self, base: str, about: str) -> str:
        """Write the mark into the URL of a hook."""
        return f"{base}{'&' if urlsplit(base).query else '?'}{urlencode({MARK: self.name(about)})}"

    def is_over(self, name: Name, process: str) -> bool:
        """Say whether the run of that home has ended without having tidied up."""
        if name.run == self.id:
            return False
        return self.maker.is_gone(process) or self.begun - name.begun > _LEFT_OVER_AFTER


def name_of_hook(hook_url: str) -> Name | None:
    """Read the mark in the URL of a hook."""
    told = parse_qs(urlsplit(hook_url).query).get(MARK, [])
    return Name.read(told[0]) if len(told) == 1 else None
