"""Direct uploads."""

from __future__ import annotations

import re

import httpx

from tests.testing.shown.bench import Bench, shows


def first_word(answer: httpx.Response) -> str:
    return answer.text.split()[0]


@shows("direct.exact", seen={"rejected": ["new", "error:", "error:"], "taken": ["new", "new", "error:"]})
async def exact(at: Bench) -> object:
    url = await at.upload_url()
    path, _, query = url.partition("?")
    rewritten = "&".join(reversed(query.replace("%2f", "%2F").split("&")))
    urls = (url, f"{path}?{rewritten}", re.sub("hash=[^&]+", "hash=mine", url))
    return [first_word(await at.post_file(url=url)) for url in urls]


@shows("direct.error", seen={"error": (200, "error:"), "status": (400, "rejected"), "neither": (200, "rejected")})
async def direct_error(at: Bench) -> object:
    answer = await at.post_file(url="http://x.test/post.jpg?uid=1")
    return answer.status_code, first_word(answer)


@shows("direct.reply")
async def direct_reply(at: Bench) -> object:
    reply = (await at.post_file()).text
    [rid] = await at.rids()
    return re.sub(rf" \d+ {rid}$", "", reply)


@shows("direct.whole", seen={"taken": 1, "rejected": 0})
async def direct_whole(at: Bench) -> object:
    await at.post_file()
    return len(await at.rids())


@shows("direct.name", seen={"url-encoded": "a b.mp4", "as it is": "a%20b.mp4"})
async def direct_name(at: Bench) -> object:
    await at.post_file(x_file_name="a%20b.mp4")
    [item] = (await at.ask.get("asset.list"))["items"]
    return item["filename"]


@shows("direct.range", seen={"exclusive": "ok", "inclusive": "error:"})
async def direct_range(at: Bench) -> object:
    return first_word(await at.post_file(content=bytes(9), content_range="bytes 0-9/10", unique_id="a"))


@shows("direct.unique_id", seen={"one": b"aaAA", "not looked at": b"bbAA"})
async def unique_id(at: Bench) -> object:
    url = await at.upload_url()
    for content, start, unique_id in ((b"aa", 0, "a"), (b"bb", 0, "b"), (b"AA", 2, "a")):
        await at.post_file(url=url, content=content, content_range=f"bytes {start}-{start + 2}/4", unique_id=unique_id)
    [rid] = await at.rids()
    return at.fake.stored(rid)
