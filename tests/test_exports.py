"""What can be imported, and from where."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import get_type_hints

import pytest

import cincopa_async
from cincopa_async import CincopaError, errors, models, testing

LAZY = ["cincopa_async", "cincopa_async.models", "cincopa_async.stores"]


@pytest.mark.parametrize("module", [cincopa_async, testing, errors, models], ids=lambda module: module.__name__)
def test_all_lists_what_is_public_and_nothing_else(module: ModuleType) -> None:
    """`import *`, documentation tools and type checkers go by `__all__`; a name that is forgotten there is lost."""
    of_its_own = module.__name__ in (errors.__name__, models.__name__)
    public = {
        name
        for name in dir(module)
        if not name.startswith("_")
        and not isinstance(value := getattr(module, name), ModuleType)
        and (not of_its_own or (inspect.isclass(value) and value.__module__.startswith(module.__name__)))
    }

    assert set(module.__all__) - {"__version__"} == public - {"TYPE_CHECKING", "annotations", "lazily"}
    assert len(module.__all__) == len(set(module.__all__))


@pytest.mark.parametrize("package", LAZY)
def test_names_are_those_that_type_checkers_read(package: str) -> None:
    """A name is imported when it is asked for, and then it is what an editor or a type checker takes it for."""
    module = importlib.import_module(package)
    seen = {name: home for home, name in imported_for_type_checkers(module)}

    assert {name for name in module.__all__ if name in seen} == seen.keys()
    for name, home in seen.items():
        assert getattr(module, name) is getattr(importlib.import_module(home, package), name)
    assert "no_such_name" not in dir(module)
    with pytest.raises(AttributeError, match="no_such_name"):
        module.no_such_name  # noqa: B018


@pytest.mark.parametrize("package", LAZY)
def test_fresh_import_knows_its_names(package: str) -> None:
    """Before any of them is asked for, `dir()` tells them all; `import *` brings them, and pickle finds them."""
    ran = in_a_fresh_process(
        f"import {package} as package\n"
        "missing = set(package.__all__) - set(dir(package))\n"
        f"from {package} import *\n"
        "import pickle\n"
        "lost = [name for name in package.__all__ if name not in globals()]\n"
        "classes = [value for name in package.__all__ if isinstance(value := globals()[name], type)]\n"
        "assert pickle.loads(pickle.dumps(classes)) == classes\n"
        "print(sorted(missing), lost)"
    )

    assert ran == ["[]", "[]"]


def test_import_does_not_pay_for_what_is_not_used() -> None:
    """A client brings what every call needs; batches, files, stores, webhooks and groups come when they are used."""
    loaded = in_a_fresh_process(
        # What measures this process has imported before is not the client's.
        "import sys\nbefore = set(sys.modules)\n"
        "from cincopa_async import CincopaClient\nCincopaClient('TOKEN')\nprint(*set(sys.modules) - before)"
    )

    groups = {f"cincopa_async.resources.{name}" for name in ("asset", "gallery", "live", "portal", "upload", "webhook")}
    others = {
        f"cincopa_async.{name}" for name in ("_describing", "_kept", "bulk", "cli", "files", "stores", "webhooks")
    }
    assert "cincopa_async._client" in loaded
    assert not {"asyncio", "sqlite3"} & set(loaded)
    assert not (groups | others) & set(loaded)


def test_import_of_the_package_brings_no_client() -> None:
    """Who needs an error or a model alone, to unpickle it for instance, does not wait for httpx."""
    loaded = in_a_fresh_process("import sys, cincopa_async\nprint(*sys.modules)")

    assert "cincopa_async.errors" in loaded
    assert not {"httpx", "cincopa_async._client"} & set(loaded)


def test_modules_are_there_without_an_import_of_their_own() -> None:
    """`cincopa_async.models.Asset` works where nothing but the package has been imported."""
    assert in_a_fresh_process("import cincopa_async\nprint(cincopa_async.stores.SqliteStore.__name__)") == [
        "SqliteStore"
    ]


@pytest.mark.parametrize("name", [*errors.__all__, *models.__all__])
def test_every_error_and_model_imports_from_the_package(name: str) -> None:
    """Nobody has to know which file it lives in."""
    home = errors if name in errors.__all__ else models

    assert name in cincopa_async.__all__
    assert getattr(cincopa_async, name) is getattr(home, name)


# A type alias has no docstring at run time.
@pytest.mark.parametrize(
    "name", [name for name in cincopa_async.__all__ if inspect.isclass(getattr(cincopa_async, name))]
)
def test_every_public_name_says_what_it_is(name: str) -> None:
    """`help()` shows a docstring, on the class and on each public method."""
    value = getattr(cincopa_async, name)
    members = [
        member
        for member_name, member in vars(value).items()
        if not member_name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property))
    ]

    assert inspect.getdoc(value)
    assert all(inspect.getdoc(member) for member in members)


@pytest.mark.parametrize(
    "name", [name for name in cincopa_async.__all__ if isinstance(getattr(cincopa_async, name), type)]
)
def test_annotations_of_public_names_can_be_read(name: str) -> None:
    """Validators, injectors and documentation tools ask `typing.get_type_hints`, whatever has been imported so far."""
    value = getattr(cincopa_async, name)
    made_by_users = issubclass(value, CincopaError) or name in ("CincopaClient", "RenewingToken", "WebhookReceiver")
    members = [
        member.fget if isinstance(member, property) else member
        for member_name, member in inspect.getmembers(value)
        if not member_name.startswith("_") or (member_name == "__init__" and made_by_users)
    ]

    for asked in (*members, *([value] if name != "Call" else [])):  # The fields of a call are no business of users.
        if inspect.isclass(asked) or (inspect.isfunction(asked) and asked.__module__.startswith("cincopa_async")):
            get_type_hints(asked)


@pytest.mark.parametrize(
    "name", ["CincopaClient", "UploadJob", "PollPolicy", "RetryPolicy", "RenewingToken", "Pages", "__version__"]
)
def test_names_that_users_rely_on_are_there(name: str) -> None:
    """Names are kept: added to, not renamed."""
    assert name in cincopa_async.__all__


def imported_for_type_checkers(module: ModuleType) -> Iterator[tuple[str, str]]:
    """The relative module, and the name, of each import that is never run."""
    assert module.__file__ is not None
    for statement in ast.parse(Path(module.__file__).read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING":
            for imports in statement.body:
                assert isinstance(imports, ast.ImportFrom)
                yield from ((f".{imports.module}", alias.name) for alias in imports.names)


def in_a_fresh_process(code: str) -> list[str]:
    """The words that a Python prints which has imported nothing yet."""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    return ran.stdout.split()
