"""The package itself: what it exports, what it needs, what it leaves alone."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator

import pytest

import cincopa_async.testing


@pytest.fixture
def not_imported() -> Iterator[None]:
    """The package as if nobody had imported it yet."""
    names = [name for name in sys.modules if name.startswith("cincopa_async.testing")]
    kept = {name: sys.modules.pop(name) for name in names}
    yield
    for name in [name for name in sys.modules if name.startswith("cincopa_async.testing")]:
        del sys.modules[name]
    sys.modules.update(kept)
    cincopa_async.testing = kept["cincopa_async.testing"]


def test_exports_what_it_lists() -> None:
    """Every public name is in __all__, and every name of __all__ is there."""
    public = {name for name in vars(cincopa_async.testing) if not name.startswith("_")} - {"annotations"}

    assert sorted(cincopa_async.testing.__all__) == cincopa_async.testing.__all__
    assert public == set(cincopa_async.testing.__all__)


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_extra_that_is_not_installed(not_imported: None, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """Without the extra's packages the import says what to install."""
    for name in list(sys.modules):
        if name.partition(".")[0] == missing:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)

    with pytest.raises(ImportError, match=rf'needs {missing}.*pip install "cincopa-async\[testing\]"'):
        importlib.import_module("cincopa_async.testing")


def test_other_import_errors_are_told_as_they_are(not_imported: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that the extra does not bring is not blamed on it."""
    monkeypatch.setitem(sys.modules, "cincopa_async.testing._rules", None)

    with pytest.raises(ModuleNotFoundError, match="_rules"):
        importlib.import_module("cincopa_async.testing")


def test_trio_is_not_needed() -> None:
    """The fake serves where trio is not installed, and does not import it."""
    code = """
import asyncio, sys
sys.modules["trio"] = None
from cincopa_async.testing import FakeCincopa
async def main():
    asyncio.get_running_loop().slow_callback_duration = 60  # A busy machine is no fault of the fake.
    async with FakeCincopa() as fake, fake.serve() as server:
        print(server.base_url)
asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.stdout.startswith("http://127.0.0.1:")
    assert (done.returncode, done.stderr) == (0, "")
