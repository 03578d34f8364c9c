"""`cincopa contract`: whether the service is as this package believes, fact by fact."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TypeAlias

import anyio.to_thread
from attrs import frozen

from cincopa_async import APIError, AuthenticationError, CincopaClient, ResponseDecodeError, __version__
from cincopa_async.cli._console import choose_display
from cincopa_async.cli._contract_display import Display, Rows, Screen
from cincopa_async.cli._contract_plan import print_plan
from cincopa_async.cli._remote import USAGE, UsageError, complain, run_with_client
from cincopa_async.cli._signals import interruptible
from cincopa_async.testing import Finding, check_contract, record

NEEDS = (
    "facts are tried in an account: set CINCOPA_API_TOKEN to its token. Without one, `cincopa contract --plan` says "
    "what would be sent, and `cincopa fake` serves a Cincopa to try it on"
)


Report: TypeAlias = Callable[[Sequence[Finding]], None]
"""What takes findings, in a worker thread."""


@frozen(kw_only=True)
class Trying:
    """What is to be tried and how, as the command line has it."""

    source: str | None
    hook_url: str | None
    hook_port: int | None
    read_only: bool
    report: Path | None
    recording: Path | None
    base_url: str | None


def run_contract(trying: Trying, *, plan: bool) -> int:
    """Try all facts, and give the exit code: 0 if none is refuted, 1 if one is, 2 if none was tried, or a signal's."""
    if plan:
        hook, source = trying.hook_url is not None, trying.source is not None
        return print_plan(read_only=trying.read_only, source=source, hook=hook)
    if not os.environ.get("CINCOPA_API_TOKEN"):
        complain(NEEDS)
        return USAGE
    try:
        showing: AbstractContextManager[Display] = choose_display(
            as_json=False, json=Rows, bars=Screen, lines=lambda _: Rows()
        )
        with showing as display, opened(trying.report) as report:
            command = partial(try_facts, trying=trying, display=display, report=report)
            return run_with_client(trying.base_url, command)
    except UsageError as error:
        complain(str(error))
        return USAGE


async def try_facts(cincopa: CincopaClient, trying: Trying, display: Display, report: Report | None) -> int:
    """Try all facts, tell what was found, and give the exit code."""
    findings: list[Finding] | None = None
    with interruptible(display.stopping, complain) as interruption:
        with interruption.scope, recorded(cincopa, trying.recording):
            await check_token(cincopa)
            display.began()
            findings = await tried(cincopa, trying)
        if findings is None or interruption.reason is not None:
            return interruption.exit_code
        code = 1 if any(finding.verdict == "refuted" for finding in findings) else 0
        try:
            if report is not None:
                await anyio.to_thread.run_sync(report, findings)
        except OSError as error:
            complain(f"the report cannot be written: {error}")
            code = 1
        interruption.tell(display.found, findings)
    return interruption.exit_code or code


async def tried(cincopa: CincopaClient, trying: Trying) -> list[Finding]:
    """
    Try all facts.

    Raises:
        UsageError: The port cannot be listened on.
    """
    try:
        return await check_contract(
            cincopa,
            read_only=trying.read_only,
            source=trying.source,
            hook_url=trying.hook_url,
            hook_port=trying.hook_port,
        )
    except OSError as error:
        raise UsageError(f"--hook-port cannot be listened on: {error.strerror}") from None


async def check_token(cincopa: CincopaClient) -> None:
    """
    See that there is a service which knows the token; whatever else is wrong with the answer is a fact like others.

    Raises:
        AuthenticationError: The token is refused.
        TransportError: Nobody answers.
    """
    try:
        await cincopa.ping()
    except AuthenticationError:
        raise
    except (APIError, ResponseDecodeError):
        pass


@contextmanager
def opened(path: Path | None) -> Iterator[Report | None]:
    """
    Give what writes findings to a file, in the place of what it holds, once there are any.

    Raises:
        UsageError: It could not be written.
    """
    if path is None:
        yield None
        return
    try:
        file = NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False)  # noqa: SIM115 - moved
    except OSError as error:
        raise UsageError(f"the report cannot be written: {error}") from None

    def write(findings: Sequence[Finding]) -> None:
        file.write(written(findings, datetime.now(UTC)))
        file.close()
        Path(file.name).replace(path)

    try:
        yield write
    finally:
        file.close()
        Path(file.name).unlink(missing_ok=True)


def written(findings: Sequence[Finding], made: datetime) -> str:
    """Write findings as JSON, which :class:`FakeCincopa` reads."""
    facts = {
        finding.fact.id: {
            "says": finding.fact.says,
            "source": finding.fact.source,
            "verdict": finding.verdict,
            "seen": finding.seen,
            "evidence": finding.evidence,
        }
        for finding in findings
    }
    return json.dumps({"made": made.isoformat(), "cincopa_async": __version__, "facts": facts}, indent=1) + "\n"


@contextmanager
def recorded(cincopa: CincopaClient, path: Path | None) -> Iterator[None]:
    """
    Keep the answers in a file, scrubbed, where one is named.

    Raises:
        UsageError: It cannot be made.
    """
    if path is None:
        yield
        return
    with ExitStack() as stack:
        try:
            stack.enter_context(record(cincopa, path))
        except OSError as error:
            raise UsageError(f"the recording cannot be made: {error}") from None
        yield
