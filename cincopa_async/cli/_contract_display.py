"""What `cincopa contract` shows: a table on a terminal, and rows with tabs between their cells elsewhere."""

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Protocol, get_args

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cincopa_async.cli._remote import complain, printable, say_row
from cincopa_async.testing import Finding
from cincopa_async.testing._trials import Verdict

STYLES = {"confirmed": "green", "refuted": "bold red", "not testable": "yellow"}
NOTICE = "interrupted; what was made is being removed. Once more leaves at once, and leaves it there"


class Display(Protocol):
    """What is told, in the order in which it happens."""

    def began(self) -> None: ...
    def stopping(self) -> None: ...
    def found(self, findings: Sequence[Finding]) -> None: ...


class Rows:
    """A row for each fact: its id, the verdict, what was seen, and how; the sums are for people."""

    def began(self) -> None:
        """Say nothing: there is nothing to be read yet."""

    def stopping(self) -> None:
        complain(NOTICE)

    def found(self, findings: Sequence[Finding]) -> None:
        for finding in findings:
            say_row(finding.fact.id, finding.verdict, finding.seen, finding.evidence)
        print(sums(findings), file=sys.stderr)  # noqa: T201


class Screen:
    """A table, after a word that it takes its time; what is refuted is told again below it, where it is seen."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._waiting = console.status("Trying what can be tried, which takes some minutes…")

    def began(self) -> None:
        self._waiting.start()

    def stopping(self) -> None:
        self._waiting.update(NOTICE)

    def found(self, findings: Sequence[Finding]) -> None:
        self._waiting.stop()
        table = Table("fact", "verdict", "seen", "how, or why not")
        for finding in findings:
            seen = "" if finding.seen is None else str(finding.seen)
            cells = (finding.fact.id, finding.verdict, seen, finding.evidence)
            table.add_row(*(escape(printable(cell)) for cell in cells), style=STYLES[finding.verdict])
        self._console.print(table)
        for finding in findings:
            if finding.verdict == "refuted":
                told = f"refuted: {finding.fact.says} What was seen: {finding.seen} ({finding.evidence})."
                self._console.print(escape(printable(told)), style=STYLES["refuted"], soft_wrap=True)
        self._console.print(sums(findings))

    def stop(self) -> None:
        """Leave the terminal as it was found."""
        self._waiting.stop()


def sums(findings: Sequence[Finding]) -> str:
    """Say how many facts came to which verdict."""
    counts = Counter(finding.verdict for finding in findings)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in get_args(Verdict))
