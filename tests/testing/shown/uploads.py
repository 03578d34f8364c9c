"""Uploads from a URL."""

from __future__ import annotations

import anyio

from tests.testing.shown.bench import CONTENT, MISSING, URL, Bench, said, shows


@shows("upload_from_url.needs_type", seen={"refused": "The parameter type is required", "taken": True})
async def needs_type(at: Bench) -> object:
    return said(await at.ask.post("asset.upload_from_url", input=URL, rid=at.asset()))


@shows("status.fresh", seen={"at once": 0, "after a moment": 2, "after a minute": 4})
async def fresh(at: Bench) -> object:
    status_id = await at.ask.start(URL)
    return [said(await at.ask.status(status_id)) for _ in range(4)].count("The status_id does not exist")


@shows("status.completed")
async def completed(at: Bench) -> object:
    return (await at.status_of())["status"]


@shows("status.failed")
async def failed(at: Bench) -> object:
    return (await at.status_of(MISSING))["status"]


@shows("status.inprogress")
async def inprogress(at: Bench) -> object:
    with at.fake.held():
        return (await at.status_of(held=True))["status"]


@shows("status.resid", seen={"there": True, "missing": False})
async def resid(at: Bench) -> object:
    return "resid" in await at.status_of()


@shows("status.resid_early", seen={"at the end": False, "early": True})
async def resid_early(at: Bench) -> object:
    with at.fake.held():
        return "resid" in await at.status_of(held=True)


@shows("status.resid_same", seen={"the asset": True, "another": False})
async def resid_same(at: Bench) -> object:
    status_id = await at.upload()
    [resid] = {(await at.ask.status(status_id))["resid"] for _ in range(2)}
    return [resid] == await at.rids()


@shows("status.progress", seen={"0 to 100": [100, 50, 0], "0 to 1": [1, 0.5, 0]})
async def progress(at: Bench) -> object:
    progresses = [(await at.status_of())["progress"]]
    half = "https://media.test/half.mp4"
    at.fake.add_source(half, bytes(2 * 64 * 1024))
    with at.fake.held(after_bytes=1):
        status = await at.ask.status_where(
            await at.upload(half, held=True), lambda status: status["progress_bytes"] > 0
        )
        progresses.append(status["progress"])
    return [*progresses, (await at.status_of(MISSING))["progress"]]


@shows("status.size", seen={"all bytes": len(CONTENT), "none": 0})
async def size(at: Bench) -> object:
    return (await at.status_of())["progress_bytes"]


@shows("status.reason", seen={"nowhere": None})
async def reason(at: Bench) -> object:
    status = await at.status_of(MISSING)
    assert "more" in status
    return next((name for name, value in status.items() if value == "the input answered HTTP 404"), None)


@shows("abort.leaves", seen={"unknown": "The status_id does not exist"})
async def abort_leaves(at: Bench) -> object:
    with at.fake.held():
        status_id = await at.upload(held=True)
        await at.ask.abort(status_id)
    await anyio.wait_all_tasks_blocked()
    assert await at.rids() == []
    status = await at.ask.status(status_id)
    return status.get("status", said(status))


@shows("abort.drops", seen={"nothing is kept": 0, "an asset": 1})
async def abort_drops(at: Bench) -> object:
    with at.fake.held():
        status_id = await at.upload(held=True)
        await at.ask.abort(status_id)
    await anyio.wait_all_tasks_blocked()
    status = await at.ask.status(status_id)
    assert (status["status"], "resid" in status, at.fake.counts.uploads_aborted) == ("aborted", False, 1)
    return len(await at.rids())


@shows("abort.again", seen={"success": (200, True), "refused": (200, False), "500": (500, False)})
async def abort_again(at: Bench) -> object:
    status_id = await at.upload()
    answer = await at.ask.respond("POST", "asset.upload_from_url_abort", status_id=status_id)
    assert (await at.ask.status(status_id))["status"] == "completed"
    return answer.status_code, answer.json()["success"]
