"""The store of an upload: what is done again, and what is left alone."""

from pathlib import Path

import anyio
import pytest

from cincopa_async import (
    APIError,
    AssetNotDescribedError,
    AssetNotReadyError,
    AssetTimeoutError,
    AuthenticationError,
    BatchHaltedError,
    CincopaError,
    ClientClosedError,
    FileChangedError,
    LeaseLostError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    ResponseDecodeError,
    ServerError,
    TransportError,
    UploadAbortedError,
    UploadError,
    UploadFailedError,
    UploadItem,
    UploadState,
    UploadStatus,
    UploadTimeoutError,
    UploadUnknownError,
    WebhookDecodeError,
    WebhookDroppedError,
)
from cincopa_async._stored_errors import stored
from cincopa_async.cli._dry_run import planned
from cincopa_async.cli._runs import Memory, RetryingStore
from cincopa_async.stores import StoredError, UploadRecord

URL = "https://media.example/a"


def ended(state: UploadState) -> UploadStatus:
    return UploadStatus(state=state, status=state.value)


def lost(error: CincopaError) -> CincopaError:
    """As it is where the upload was started, or may have been."""
    error.maybe_applied = True
    return error


AGAIN = [
    UploadFailedError("1", ended(UploadState.FAILED)),
    UploadAbortedError("1", ended(UploadState.ABORTED)),
    UploadTimeoutError("1", ended(UploadState.ABORTED)),
    APIError(200, "no", "x.y"),
    AuthenticationError(403, "no", "x.y"),
    PermissionDeniedError(403, "no", "x.y"),
    NotFoundError(200, "not found", "x.y"),
    RateLimitError(429, "later", "x.y"),
    ServerError(503, "later", "x.y"),
    FileChangedError("a.mp4"),
    TransportError("x.y", "refused"),
    RequestTimeoutError("x.y", "no connection"),
]
ALONE = [
    ResponseDecodeError("x.y", "completed without a resid", None, "1"),
    lost(ResponseDecodeError("x.y", "no JSON")),
    UploadUnknownError(None),
    UploadError("1"),
    AssetNotDescribedError("R1", "no such gallery"),
    LeaseLostError("1"),
    lost(AssetNotReadyError("R1")),
    lost(AssetTimeoutError("R1")),
    lost(APIError(200, "no", "x.y")),
    lost(NotFoundError(200, "no such status_id", "x.y")),
    lost(ServerError(500, "oops", "x.y")),
    lost(TransportError("x.y", "it broke off")),
    lost(RequestTimeoutError("x.y", "no answer")),
    lost(FileChangedError("a.mp4")),
    lost(ClientClosedError()),
    lost(CincopaError("of a later version")),
]
NO_ENDS = {BatchHaltedError, WebhookDecodeError, WebhookDroppedError}
"""What is no end of an item."""


def described(error: CincopaError) -> str:
    return f"{type(error).__name__}-{error.maybe_applied}"


def kinds(base: type[CincopaError]) -> set[type[CincopaError]]:
    return {base}.union(*(kinds(kind) for kind in base.__subclasses__()))


async def claimed_again(file: Path, error: StoredError | None, rid: str | None = None) -> tuple[str, UploadRecord]:
    """What a run with --retry-failed gets of an item that has ended so."""
    async with RetryingStore(file) as store:
        await store.claim("k", input=URL)
        await store.started("k", "1")
        await store.ended("k", rid=rid, error=error)
        return await store.claim("k", input=URL)


def test_table_names_every_error() -> None:
    """A new one has to be judged before it can be an end of an item."""
    assert {type(error) for error in (*AGAIN, *ALONE)} == {
        kind for kind in kinds(CincopaError) - NO_ENDS if kind.__module__.startswith("cincopa_async.")
    }


@pytest.mark.anyio
@pytest.mark.parametrize("error", AGAIN, ids=described)
async def test_what_has_certainly_failed_is_done_again(tmp_path: Path, error: CincopaError) -> None:
    """Nothing of it can be at Cincopa, so nothing is made twice."""
    claim, record = await claimed_again(tmp_path / "runs.db", stored(error))

    assert (claim, record.state, record.attempts) == ("mine", "reserved", 2)


@pytest.mark.anyio
@pytest.mark.parametrize("error", ALONE, ids=described)
async def test_what_may_have_come_of_it_is_left_alone(tmp_path: Path, error: CincopaError) -> None:
    """It is told again as it was: the asset may be there, and would be made twice."""
    claim, record = await claimed_again(tmp_path / "runs.db", stored(error))

    assert (claim, record.error) == ("ended", stored(error))
    assert planned(UploadItem(URL), ("ended", record), Memory(retry_failed=True))[0] == "unknown"


@pytest.mark.anyio
@pytest.mark.parametrize("error", [None, stored(AGAIN[0])])
async def test_what_has_an_asset_is_left_alone(tmp_path: Path, error: StoredError | None) -> None:
    """Whatever went wrong after that."""
    assert (await claimed_again(tmp_path / "runs.db", error, "R1"))[0] == "ended"


@pytest.mark.anyio
async def test_end_of_which_nothing_is_written_down_is_left_alone(tmp_path: Path) -> None:
    """Neither an asset nor an error: nobody knows."""
    claim, record = await claimed_again(tmp_path / "runs.db", None)

    assert claim == "ended"
    assert planned(UploadItem(URL), ("ended", record), Memory(retry_failed=True))[0] == "unknown"


@pytest.mark.anyio
async def test_what_failed_is_done_again_by_one_process(tmp_path: Path) -> None:
    """Of several that ask for it at once one gets it."""
    claims: list[str] = []

    async def claim(store: RetryingStore) -> None:
        claims.append((await store.claim("k", input=URL))[0])

    async with RetryingStore(tmp_path / "runs.db") as store:
        await store.claim("k", input=URL)
        await store.ended("k", error=stored(AGAIN[0]))
        async with anyio.create_task_group() as both:
            both.start_soon(claim, store)
            both.start_soon(claim, store)

    assert sorted(claims) == ["busy", "mine"]
