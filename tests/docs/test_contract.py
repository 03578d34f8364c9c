"""docs/contract.md tells the facts of the contract."""

from __future__ import annotations

from cincopa_async.testing._contract import facts
from tests.docs.contract import tables, written


def test_tables_are_those_of_the_contract() -> None:
    """Every fact has its row, and none has one that is not believed any more."""
    assert written() == tables(), "python -m tests.docs.contract writes them anew"
    assert all(f"| `{id}`: " in written() for id in facts())
