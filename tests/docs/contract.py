"""The tables of docs/contract.md, made of contract.toml. `python -m tests.docs.contract` writes them anew."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cincopa_async.testing import Fact
from cincopa_async.testing._contract import Value, facts

DOCUMENT = Path(__file__).parents[2] / "docs" / "contract.md"
BEGIN = "<!-- What follows is written by `python -m tests.docs.contract`. -->\n"
HEAD = "| Fact | Source | The fake | Confirms it too | Refutes it | Tried |\n|---|---|---|---|---|---|\n"


def tables() -> str:
    """What holds of the service as such, then what each call takes and answers, as Markdown."""
    behaviours = [fact for fact in facts().values() if fact.kind == "behaviour"]
    of_calls = [fact for fact in facts().values() if fact.kind != "behaviour"]
    return f"{BEGIN}\n## How the service behaves\n\n{_table(behaviours)}\n## What its calls are\n\n{_table(of_calls)}"


def written() -> str:
    """The tables as they stand in the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return text[text.index(BEGIN) :]


def _table(listed: Iterable[Fact]) -> str:
    return HEAD + "".join(_row(fact) for fact in listed)


def _row(fact: Fact) -> str:
    cells = (
        f"`{fact.id}`: {fact.says}",
        fact.source,
        _values([fact.value]),
        _values(fact.accepts[1:]),
        _values(fact.bent),
        f"no: {fact.untried}" if fact.untried else "yes",
    )
    escaped = " | ".join(cell.replace("|", "\\|") for cell in cells)
    return f"| {escaped} |\n"


def _values(values: Iterable[Value]) -> str:
    return ", ".join(f"`{value}`" for value in values)


if __name__ == "__main__":
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(text.partition(BEGIN)[0] + tables(), encoding="utf-8")
