"""What can go wrong on a connection, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from threading import Lock
from typing import Final, Literal, get_args

from ._messages import Message
from ._rules import Rule, first
from ._sockets import reset

FaultName = Literal[
    "reset_on_accept",
    "reset",
    "silence_before",
    "half_answer",
    "reset_in_body",
    "reset_after",
    "silence",
    "garbage",
    "slow_drip",
    "close_idle",
]
ON_ACCEPT: Final[Collection[FaultName]] = {"reset_on_accept"}
BEFORE: Final[Collection[FaultName]] = {"reset", "silence_before"}
_GARBAGE: Final = b"\x16\x03\x01\x02\x00 this is no HTTP\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to misbehave, and the calls it concerns."""

    name: FaultName
    rule: Rule
    seconds: float

    def __post_init__(self) -> None:
        if self.name not in get_args(FaultName):
            raise ValueError(f"There is no fault {self.name!r}; there are {', '.join(get_args(FaultName))}")

    async def instead_of_acting(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Break a connection off before anything is done."""
        if self.name == "silence_before":
            await _until_gone(reader)
        else:
            reset(writer.transport)

    async def instead_of_answer(
        self, answer: Message, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Break a connection off although the server has acted."""
        match self.name:
            case "half_answer":
                writer.write(answer.cut(0.5))
            case "reset_in_body":
                writer.write(answer.cut(0.5))
                # Out of the buffer first, which a reset drops.
                await writer.drain()
                reset(writer.transport)
            case "silence":
                await _until_gone(reader)
            case "garbage":
                writer.write(_GARBAGE)
            case "slow_drip":
                await self._drip(answer, writer)
            case "close_idle":
                writer.write(answer.raw)
                await asyncio.sleep(self.seconds)
            case _:
                reset(writer.transport)

    async def _drip(self, answer: Message, writer: asyncio.StreamWriter) -> None:
        for byte in answer.raw:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(self.seconds)


class Faults:
    """All faults in force. Set from a test's thread, looked at from a server's."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Put a fault in force."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Lift all faults."""
        with self._lock:
            self._faults.clear()

    def on_accept(self) -> bool:
        """Say whether the connection that comes now is reset at once; asked once a connection, for it counts."""
        with self._lock:
            met = first([(fault.rule, fault) for fault in self._faults if fault.name in ON_ACCEPT], "")
        return met is not None

    def of(self, call: str) -> Fault | None:
        """Return the first fault that the call which comes now meets; asked once a call, for it counts."""
        with self._lock:
            return first([(fault.rule, fault) for fault in self._faults if fault.name not in ON_ACCEPT], call)


async def _until_gone(reader: asyncio.StreamReader) -> None:
    while await reader.read(1024):
        pass
