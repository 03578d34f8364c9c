"""What can be imported, and from where."""

from __future__ import annotations

import inspect
from types import ModuleType

import pytest

import cincopa_async
from cincopa_async import errors, models, testing


@pytest.mark.parametrize("module", [cincopa_async, testing, errors, models], ids=lambda module: module.__name__)
def test_all_lists_what_is_public_and_nothing_else(module: ModuleType) -> None:
    """`import *`, documentation tools and type checkers go by `__all__`; a name that is forgotten there is lost."""
    of_its_own = module.__name__ in (errors.__name__, models.__name__)
    public = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and not isinstance(value, ModuleType)
        and (not of_its_own or (inspect.isclass(value) and value.__module__.startswith(module.__name__)))
    }

    assert set(module.__all__) - {"__version__"} == public - {"annotations"}
    assert len(module.__all__) == len(set(module.__all__))


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
    "name", ["CincopaClient", "UploadJob", "PollPolicy", "RetryPolicy", "RenewingToken", "Pages", "__version__"]
)
def test_names_that_users_rely_on_are_there(name: str) -> None:
    """Names are kept: added to, not renamed."""
    assert name in cincopa_async.__all__
