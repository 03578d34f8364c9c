"""Trials of uploads from a URL: what becomes of them, and how that is told."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

import anyio

from cincopa_async._readers import status_fields
from cincopa_async.models import UploadState
from cincopa_async.testing._contract import facts

from ._looking import is_in, items
from ._pulls import ABORT, MISSING, SILENT, START, STATUS, Pull, started
from ._source import Source
from ._trial import Trial
from ._unseen import UnseenError

if TYPE_CHECKING:
    from cincopa_async import Asset

_ABORT_SECONDS = 15.0
_LONGER = 3
"""How many times as long as another of its kind an upload is given to make an asset although it was aborted."""
_RACES = 3


async def failing(trial: Trial) -> None:
    """Upload what nobody has."""
    with trial.about("status.failed", "status.reason"):
        pull = await started(trial, await trial.stage.gallery("failing"), input=MISSING)
        await pull.until_known()
        await pull.until_failed()
        trial.saw("status.failed", pull.words[-1].lower(), "of an input whose host does not exist")
        trial.saw("status.reason", pull.reason or "nowhere", "of an input whose host does not exist")


async def aborted(trial: Trial) -> None:
    """Abort an upload that stands still."""
    with trial.about("status.inprogress", "abort.leaves", f"{ABORT}.*"):
        pull = await started(trial, await trial.stage.gallery("silent"), input=SILENT)
        await pull.until_known()
        if pull.reason is not None:
            raise UnseenError("an input that says nothing had failed at once")
        before, state = pull.words[-1], pull.state
        if (await pull.abort()).refused:
            raise UnseenError("the abort was refused")
        known = await _end(pull, before)
        if state is not UploadState.IN_PROGRESS and known == before:
            raise UnseenError("an input that says nothing had ended at once")
        _saw_running(trial, before)
        trial.saw("abort.leaves", known or "unknown", "of an input that says nothing")


async def pulled(trial: Trial) -> None:
    """Upload a small file, and follow it to its end."""
    seen_at_the_end = (
        "status.completed",
        "status.resid*",
        "status.size",
        "status.progress",
        f"{START}.takes.fid",
        f"{START}.*.*",
    )
    with trial.about(*seen_at_the_end, f"{STATUS}.*", "abort.again", "abort.drops"):
        source = await Source.of(trial)
        fid = await trial.stage.gallery("pulled", pulls=source.name)
        began = anyio.current_time()
        pull = await started(trial, fid, input=source.url)
        await pull.until_known()
        asset = await pull.until_made(fid, source)
        seconds = anyio.current_time() - began
        for word in set(pull.words[:-1]) - {pull.words[-1]}:
            _saw_running(trial, word)
        trial.saw("status.completed", pull.words[-1].lower(), "when its asset was there")
        _look_at_end(trial, pull, asset)
        trial.taken(f"{START}.takes.fid", await is_in(trial, fid, asset.rid or ""), "looked for in the gallery")
        with trial.about("abort.again"):
            await _abort_again(trial, pull)
        with trial.about(f"{START}.takes.rid"):
            await _unknown_rid(trial, source)
        with trial.about("abort.drops"):
            await _dropped(trial, source, completed=pull.words[-1], seconds=_LONGER * max(seconds, 1.0))


async def attached(trial: Trial) -> None:
    """Attach an upload to an asset, with and without a type."""
    with trial.about(f"{START}.takes.type", "upload_from_url.needs_type"):
        rid = await trial.stage.asset("attached-to.mp4", b"cincopa async")
        bare = await trial.probe(START, input=SILENT, rid=rid)
        typed = await trial.call(START, input=SILENT, rid=rid, type="thumb")
        for answer in (bare, typed):
            if not answer.refused:
                await Pull(trial, str(answer["status_id"])).abort()
        if typed.refused and bare.refused and typed.text() == bare.text():
            trial.saw(f"{START}.takes.type", "ignored", "refused with it as without it")
        if typed.refused:
            raise UnseenError("refused although it has a type")
        if bare.refused:
            trial.saw(f"{START}.takes.type", "taken", "refused without it")
        trial.saw("upload_from_url.needs_type", "refused" if bare.refused else "taken", "without one")


def _look_at_end(trial: Trial, pull: Pull, asset: Asset) -> None:
    end = status_fields(pull.last)
    if end["rid"] is None:
        trial.saw("status.resid", "missing", "when its asset was there")
    else:
        same = "the asset" if end["rid"] == asset.rid else "another"
        trial.saw("status.resid", "there", "when its asset was there")
        trial.saw("status.resid_same", same, "compared with the asset that is there")
    with trial.about("status.progress"):
        if end["progress"] not in (1, 100):
            raise UnseenError("at the end it is neither 1 nor 100")
        scale = "0 to 100" if end["progress"] == 100 else "0 to 1"
        trial.saw("status.progress", scale, f"{end['progress']:g} at the end")
    with trial.about("status.size"):
        size, moved = asset.filesize or end["file_size_bytes"], end["progress_bytes"]
        if not size or moved is None:
            raise UnseenError("the size of the file is not told")
        told = "all bytes" if moved == size else "none" if moved == 0 else "others"
        trial.saw("status.size", told, "compared with the size of the asset")


def _saw_running(trial: Trial, word: str) -> None:
    """Note what an upload was that had not ended."""
    plain = word.lower()
    if plain not in facts()["status.inprogress"].shown:
        # Any word will do, but for those of an end.
        plain = "inprogress" if Pull(trial, "", last={"status": word}).state is UploadState.IN_PROGRESS else "failed"
    trial.saw("status.inprogress", plain, "before its end")


async def _end(pull: Pull, before: str) -> str | None:
    """Return the word that an abort leaves, None where the upload is not known any more."""
    async with aclosing(pull.polls(_ABORT_SECONDS)) as polls:
        async for answer in polls:
            if answer.refused:
                return None
            if pull.words[-1] != before:
                break
    return pull.words[-1].lower()


async def _abort_again(trial: Trial, pull: Pull) -> None:
    answer = await pull.abort()
    if not answer.refused:
        said = "success"
    elif answer.status >= 500:
        said = "500"
    else:
        said = "refused"
    trial.saw("abort.again", said, f"HTTP {answer.status}, of an upload that had completed")


async def _unknown_rid(trial: Trial, source: Source) -> None:
    fid = await trial.stage.gallery("unknown-rid", pulls=source.name)
    answer = await trial.probe(START, input=source.url, fid=fid, rid=f"none-{trial.stage.run}", type="thumb")
    if answer.refused:
        trial.saw(f"{START}.takes.rid", "taken", "an unknown one is refused")
        return
    pull = Pull(trial, str(answer["status_id"]))
    await trial.stage.pulls(fid, pull.status_id)
    await pull.until_made(fid, source)
    trial.saw(f"{START}.takes.rid", "ignored", "one that is unknown makes an asset of its own")


async def _dropped(trial: Trial, source: Source, *, completed: str, seconds: float) -> None:
    """Abort uploads at once, until one was aborted before it had completed; then wait whether it does so yet."""
    for number in range(_RACES):
        fid = await trial.stage.gallery(f"dropped-{number}", pulls=source.name)
        pull = await started(trial, fid, input=source.url)
        if (await pull.abort()).refused:
            raise UnseenError("the abort was refused")
        known = not (await pull.poll()).refused
        made = await items(trial, fid)
        if (known and pull.words[-1] == completed) or (made and not known):
            await pull.asset(fid, source)  # Wherever it lies, it is to be removed.
            continue  # Where its end is not told, what is there at once may have come before the abort.
        until = anyio.current_time() + seconds
        while not made and anyio.current_time() < until:
            await anyio.sleep(1)
            made = await items(trial, fid)
        trial.saw("abort.drops", "an asset" if made else "nothing is kept", "looked for in the gallery")
        return
    raise UnseenError("it had always completed before the abort came: give a source that takes longer")
