"""Packages whose names are imported when they are first asked for: nobody waits for what is not used (PEP 562)."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def lazily(
    package: str, homes: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], Any], Callable[[], Sequence[str]]]:
    """
    Return the ``__getattr__`` and the ``__dir__`` of a package.

    Type checkers and editors read imports of the same names under ``TYPE_CHECKING``; a test compares the two.

    Args:
        package: Its name.
        homes: Its modules, and which names are taken from each. The modules can be asked for themselves, too.
    """
    modules = {name: module for module, names in homes.items() for name in names}

    def get(name: str) -> Any:
        if name in homes:
            return importlib.import_module(f"{package}.{name}")
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name, obj=sys.modules[package])
        value = getattr(importlib.import_module(f"{package}.{modules[name]}"), name)
        setattr(sys.modules[package], name, value)  # From now on it is found without being asked for here.
        return value

    def names() -> Sequence[str]:
        return sorted({*vars(sys.modules[package]), *modules})

    return get, names
