"""docs/endpoints.md tells the calls of the code, and the code those of the API."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cincopa_async import CincopaClient
from tests import test_asset, test_endpoints
from tests.conftest import TOKEN
from tests.docs.conftest import ROOT
from tests.docs.endpoints import groups, how_sure, sources, table, written

REFERENCE = ROOT.parent / "shared" / "reference"
needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference of the API is not part of the code")


def test_table_is_that_of_the_code() -> None:
    """Every method stands beside the calls that it makes, and none is told that is not there."""
    assert written() == table(), "python -m tests.docs.endpoints writes it anew"


def test_every_method_of_a_group_names_its_call() -> None:
    """So none is missing from the table because its docstring says nothing, nor is how sure it is."""
    client = CincopaClient(TOKEN)
    named = {method for method, _ in sources()}

    assert groups()
    for group in groups():
        for name in vars(type(getattr(client, group))):
            assert name.startswith("_") or f"client.{group}.{name}" in named
    assert how_sure().keys() == {call for _, call in sources()}


def test_calls_are_told_as_they_are_sent() -> None:
    """By the verbs and names that the tests of the groups see go over the wire."""
    gets = test_endpoints.GETS | {f"asset.{verb}" for verb, method in test_asset.VERBS.items() if method == "GET"}
    sent = {name for name, *_ in test_endpoints.SENT} | {f"asset.{verb}" for verb, *_ in test_asset.SENT}
    seen_elsewhere = {"GET ping", "GET token.get_temp", "GET upload.iframe"}

    assert how_sure().keys() == {f"{'GET' if name in gets else 'POST'} {name}" for name in sent} | seen_elsewhere


@needs_reference
def test_calls_are_those_of_the_reference() -> None:
    """Each row of its tables, and each call that it tells in a sentence, by its verb."""
    text = (REFERENCE / "cincopa-api.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w.]+)` \| (GET|POST)\b", text, re.MULTILINE)
    portals = re.findall(r"`(portal\.\w+)` (GET|POST)", text)
    live = [(name, "GET") for name in re.findall(r"`(live\.\w+)`", text)]

    assert (len(portals), len(live)) == (6, 6)
    assert how_sure().keys() == {f"{verb} {name}" for name, verb in [*rows, *portals, *live]}


@needs_reference
def test_what_is_called_documented_is_in_the_documentation() -> None:
    """And what is not, is not."""
    text = Path(REFERENCE / "cincopa-rest-api-v2.txt").read_text(encoding="utf-8")
    documented = {name.removesuffix(".json") for name in re.findall(r"\| /([\w.]+) \|", text)}
    corrected = {"webhhook.delete" if name == "webhook.delete" else name for name in documented_in_the_code()}

    assert corrected == documented


def documented_in_the_code() -> set[str]:
    return {call.split()[1] for call, sure in how_sure().items() if sure.startswith("documented")}
