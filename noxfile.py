"""The checks, each a session. `python -m pip install nox` is all that a machine needs beside Python."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "types", "tests"]
# A developer's machine need not have every Python. The workflow, which does, says --error-on-missing-interpreters.
nox.options.error_on_missing_interpreters = False

# A shell without job control has what is in the background ignore SIGINT, its children too. Tests send it.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parent
PYPROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PYPROJECT)
# More processes than cores, for many tests wait for others; one that has run out of tests takes some of another's.
AT_ONCE = ("-n", str(max(2, (os.cpu_count() or 1) * 3 // 2)), "--dist", "worksteal")
# What goes the same way on every Python, and long: one of them goes all of it, the others a part.
ALL_BENT = {"BENT_ONE_IN": "1", "BENT_ANSWERS": "60"}
TRANSPORTS = ("aiohttp", "httpx2 client", "httpx2 transport", "httpx client", "httpx transport")


@nox.session(python=False)
def tests(session: nox.Session) -> None:
    """Run the tests on every supported Python found here; on the last of them they cover every branch."""
    for data in ROOT.glob(".coverage.*"):
        data.unlink()
    for version in PYTHONS:
        session.notify(f"tests-{version}")
    if not session.posargs:
        session.notify("coverage")


def tests_on_one_python(session: nox.Session) -> None:
    """Run the tests on this Python."""
    session.install("-e", ".[cli,redis,testing]", *group("test"))
    if session.posargs:
        session.run("python", "-m", "pytest", *session.posargs)
        return
    # The package has no branch of one Python alone, and to measure them takes half of the time again.
    if session.name == f"tests-{MEASURED}":
        session.run("python", "-m", "coverage", "run", "-m", "pytest", *AT_ONCE, env=ALL_BENT)
    else:
        session.run("python", "-m", "pytest", *AT_ONCE)


@nox.session
def transports(session: nox.Session) -> None:
    """Run the tests over sockets on each thing that can be given, or those named, and cancel 10,000 calls on each."""
    session.install("-e", ".[aiohttp,cli,testing]", *group("test"))
    for kind in session.posargs or TRANSPORTS:
        session.run("python", "-m", "pytest", *AT_ONCE, "--transport", kind)
    session.run("python", "-m", "pytest", "tests/sockets/test_transports.py", "-k", "random_cancels", "--cancels=10000")


@nox.session
def coverage(session: nox.Session) -> None:
    """Combine what the test runs covered; below 100 % of all branches it fails, and so it does if no Python ran."""
    session.install(*(package for package in group("test") if package.startswith("coverage")))
    session.run("coverage", "combine")
    session.run("coverage", "report")


@nox.session
def lint(session: nox.Session) -> None:
    """Check the format and the habits of the code. `-- --fix` mends what can be mended."""
    session.install(*group("lint"))
    fix = "--fix" in session.posargs
    session.run("ruff", "format", *([] if fix else ["--check"]), ".")
    session.run("ruff", "check", *session.posargs, ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types inside (mypy, pyright), and that the public ones are complete."""
    session.install("-e", ".[cli,redis,testing]", *group("types"))
    session.run("mypy", *session.posargs)
    session.run("pyright")
    session.run("pyright", "--verifytypes", "cincopa_async", "--ignoreexternal")


@nox.session
def demo(session: nox.Session) -> None:
    """Watch real media files go through upload, polling and completion against a Cincopa on a socket."""
    session.install(".[cli,testing]")
    session.run("cincopa", "demo", *session.posargs)


@nox.session
def contract(session: nox.Session) -> None:
    """Try what is believed of the service in the account of CINCOPA_API_TOKEN: `-- --source URL`, `-- --plan`."""
    session.install(".[cli,testing]")
    session.run("cincopa", "contract", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Run the benchmarks, all or those named: `-- name`."""
    scripts = [path for path in sorted(ROOT.glob("benchmarks/*.py")) if not path.name.startswith("_")]
    chosen = [path for path in scripts if not session.posargs or path.stem in session.posargs]
    if not chosen:
        session.skip(f"no such benchmark; there are: {', '.join(path.stem for path in scripts) or 'none yet'}")
    session.install(".[aiohttp,cli,redis,testing]", *group("bench"))
    for path in chosen:
        session.run("python", str(path))


@nox.session
def kills(session: nox.Session) -> None:
    """Kill batches of 500 items twenty times each, and see that no item is uploaded twice."""
    session.install("-e", ".[cli,testing,redis]", *group("test"))
    many = {"KILLS_ITEMS": "500", "KILLS": "20", "KILLS_SECONDS": "0.6"}
    files = ("tests/sockets/test_kills.py", "tests/stores/test_batches_killed.py")
    session.run("python", "-m", "pytest", "-s", *files, *session.posargs, env=many)


@nox.session
def storm(session: nox.Session) -> None:
    """Run 10,000 uploads at once, call beside them, revoke a token amid 1,000, and cancel 5,000 waits at once."""
    session.install("-e", ".[cli,testing]", *group("test"))
    many = {"STORM_ITEMS": "10000", "REVOKED_ITEMS": "1000", "BESIDE_ITEMS": "10000", "STORM_WAITS": "5000"}
    files = ("tests/sockets/test_bulk.py", "tests/sockets/test_storms.py", "tests/test_bulk_beside.py")
    session.run("python", "-m", "pytest", *files, *session.posargs, env=many)


@nox.session
def docs(session: nox.Session) -> None:
    """Run the documents' examples, compare what they say with the code, and follow the links between them."""
    session.install("-e", ".[cli,redis,testing]", *group("test"))
    session.run("python", "-m", "pytest", "tests/docs", *session.posargs)
    session.notify("links")


@nox.session(python=False)
def links(session: nox.Session) -> None:
    """Follow the links between the documents, the one thing of `docs` that `tests` does not do too."""
    session.run(sys.executable, ".ci/check_links.py")


def group(name: str) -> list[str]:
    return list(nox.project.dependency_groups(PYPROJECT, name))


def interpreter(version: str) -> str:
    """
    The path of an interpreter that starts, else the bare version, for nox to look further or to skip.

    nox takes the first name on PATH, and pyenv puts names there that only say which versions it would have.
    """
    for candidate in candidates(version):
        try:
            said = subprocess.run(
                [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
                capture_output=True,
                check=False,
                text=True,
                timeout=30,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if said.returncode == 0 and said.stdout.strip() == version:
            return str(candidate)
    return version


def candidates(version: str) -> Iterator[str | Path]:
    yield sys.executable
    for folder in os.get_exec_path():
        if found := shutil.which(f"python{version}", path=folder):
            yield found
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{version}*/bin/python{version}"), reverse=True)


INTERPRETERS = {version: interpreter(version) for version in PYTHONS}
MEASURED = next((version for version in reversed(PYTHONS) if INTERPRETERS[version] != version), PYTHONS[-1])

for supported, found in INTERPRETERS.items():
    nox.session(name=f"tests-{supported}", python=found)(tests_on_one_python)
