"""One run of all trials."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

import anyio

from cincopa_async._calls import http_url
from cincopa_async.testing._contract import facts

from . import (
    assets,
    changes,
    contents,
    direct,
    galleries,
    general,
    needs,
    subdomains,
    targets,
    tokens,
    uploads,
    webhooks,
)
from ._findings import Finding, Findings
from ._listener import Hook
from ._marks import RUN_SECONDS
from ._stage import Stage
from ._trial import Trial

if TYPE_CHECKING:
    from cincopa_async import CincopaClient

Run: TypeAlias = Callable[[Trial], Awaitable[None]]

_READING: tuple[Run, ...] = (general.account, general.unknown, needs.reading, subdomains.listed, webhooks.listed)
"""Those that change nothing, and look at nothing of the account's own."""
_OF_THE_ACCOUNT: tuple[Run, ...] = (assets.of_the_account, assets.tags, galleries.of_the_account)
"""Those that look at what is in the account already."""
_WRITING: tuple[Run, ...] = (
    tokens.limited,
    tokens.short,
    galleries.made,
    galleries.described,
    galleries.found,
    changes.described,
    changes.tagged,
    assets.of_the_run,
    contents.put_in,
    contents.listed,
    contents.taken_out,
    tokens.invitation,
    changes.resynced,
    changes.poster,
    changes.deleted,
    direct.whole,
    direct.chunks,
    direct.rejections,
    targets.targets,
    uploads.failing,
    uploads.aborted,
    uploads.attached,
    uploads.pulled,
    webhooks.declared,
    webhooks.told,
    galleries.deleted,
    needs.writing,
    contents.said_yes,
)
"""Those that look at what the run has made, each after what it needs."""


async def check_contract(
    client: CincopaClient,
    *,
    read_only: bool = False,
    source: str | None = None,
    hook_url: str | None = None,
    hook_port: int | None = None,
) -> list[Finding]:
    """
    Try every fact of the contract that can be tried without harm, and say what was found of each.

    It makes galleries, assets, hooks and short-lived tokens of its own, small and marked, and removes them in the end,
    cancelled or not; what an earlier run has left that was killed is removed first. Nothing else is changed. It takes
    minutes, and a quarter of an hour at most.

    Args:
        client: Of the account to try it in.
        read_only: Make only calls that change nothing.
        source: The http(s) URL of a small file that the service can fetch. None takes an archive of the run's own
            files, which the service itself makes.
        hook_url: The http(s) URL by which the service reaches `hook_port` of this machine; without it no event is
            waited for.
        hook_port: The port of this machine to listen on, at 127.0.0.1, while events are waited for.

    Returns:
        A finding for every fact, in the order of contract.toml.

    Raises:
        ValueError: An argument is wrong. Nothing was sent.
        OSError: `hook_port` cannot be listened on. Nothing was sent.
    """
    source = None if source is None else http_url("source", source)
    hook = Hook.given(hook_url, hook_port)
    if hook is not None and not read_only:
        hook.check()
    return await run_trials(client, read_only=read_only, source=source, hook=hook)


async def run_trials(
    client: CincopaClient, *, read_only: bool = False, source: str | None = None, hook: Hook | None = None
) -> list[Finding]:
    """Do the same with arguments that are checked."""
    findings, stage = Findings(), Stage(client)
    trial = Trial(client, findings, stage, source=source, hook=hook)
    try:
        with anyio.move_on_after(RUN_SECONDS) as bound:
            await _tried(trial, read_only=read_only)
    finally:
        await stage.tidy()
    late = bound.cancelled_caught
    findings.missed(facts(), "the time of the run was over" if late else "nothing was seen of it")
    return findings.all()


async def _tried(trial: Trial, *, read_only: bool) -> None:
    await _all(trial, _READING)
    if read_only:
        await _all(trial, _OF_THE_ACCOUNT)
        trial.findings.missed(facts(), "it takes calls that change something")
    elif await general.queries(trial):
        await _all(trial, _WRITING)
    else:
        trial.findings.missed(facts(), "a POST's parameters are not read from its query, so nothing was changed")


async def _all(trial: Trial, runs: tuple[Run, ...]) -> None:
    for run in runs:
        await run(trial)
