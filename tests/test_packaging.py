"""What an installed cincopa_async brings with it, and what its metadata promises."""

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import cincopa_async

ROOT = Path(__file__).parent.parent
CORE = {"httpx", "anyio", "attrs", "cattrs"}

# What is refused is as good as not installed. The four ask for more themselves (httpx for its command line): only what
# our own modules ask for is told.
IMPORT_WITHOUT = """
import json, sys

refused, asked = set(json.loads(sys.argv[1])), []

def asker():
    frame = sys._getframe(2)
    while frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    return frame.f_globals["__name__"]

class Refuse:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in refused:
            if asker().partition(".")[0] == "cincopa_async":
                asked.append(name)
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuse)
from cincopa_async import *
print(json.dumps(asked))
"""


def test_import_asks_for_nothing_beyond_the_core_packages_and_theirs() -> None:
    """A plain install is enough; what comes with the extras is not even looked for."""
    allowed = closure(CORE)
    beyond = [
        module
        for module, owners in packages_distributions().items()
        if module != "cincopa_async" and not any(canonicalize_name(owner) in allowed for owner in owners)
    ]

    ran = subprocess.run(
        [sys.executable, "-I", "-c", IMPORT_WITHOUT, json.dumps(beyond)], capture_output=True, check=False, text=True
    )

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == []


def test_dependencies_have_lower_bounds_only() -> None:
    """An upper bound would one day keep the package from being installed beside others."""
    requirements = [Requirement(text) for text in distribution("cincopa-async").requires or ()]

    assert {requirement.name for requirement in requirements if requirement.marker is None} == CORE
    assert {specifier.operator for requirement in requirements for specifier in requirement.specifier} == {">="}


def test_supported_pythons_are_those_that_are_allowed() -> None:
    """The first Python of the classifiers is the bound of requires-python."""
    allowed = SpecifierSet(distribution("cincopa-async").metadata["Requires-Python"])

    assert str(allowed) == f">={classified_pythons()[0]}"


def test_workflow_runs_on_every_supported_python() -> None:
    """The list of the workflow is the one that cannot be read from the classifiers."""
    workflow = (ROOT / ".github" / "workflows" / "checks.yml").read_text(encoding="utf-8")

    assert sorted(re.findall(r"^ +(3\.\d+)$", workflow, re.MULTILINE)) == classified_pythons()


def test_version_is_that_of_the_metadata() -> None:
    """`cincopa_async.__version__` is what pip shows."""
    assert cincopa_async.__version__ == distribution("cincopa-async").version


def classified_pythons() -> list[str]:
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["classifiers"]
    return [
        python for line in classifiers for python in re.findall(r"^Programming Language :: Python :: (3\.\d+)$", line)
    ]


def closure(names: set[str]) -> set[str]:
    """The packages of those names and all that they require."""
    found: set[str] = set()
    wanted = [canonicalize_name(name) for name in names]
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        found.add(name)
        for text in distribution(name).requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                wanted.append(canonicalize_name(requirement.name))
    return found
