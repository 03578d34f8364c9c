"""What every call is like, what is refused and how, and tokens."""

from __future__ import annotations

import re

from tests.testing.shown.bench import REFUSED, Bench, only_field, said, shows


@shows("answers.success", seen={"true": True, "missing": None})
async def success(at: Bench) -> object:
    return (await at.ask.get("ping")).get("success")


@shows("answers.runtime", seen={"number": int, "number as text": str, "missing": type(None)})
async def runtime(at: Bench) -> object:
    return type((await at.ask.get("ping")).get("runtime"))


@shows("answers.numbers", seen={"numbers": 1, "texts": "1", "words": "no. 1"})
async def numbers(at: Bench) -> object:
    return (await at.ask.get("asset.list"))["items_data"]["page"]


@shows("answers.sizes", seen={"bytes": 1500, "byte texts": "1500 byte", "unknown": -1, "kilobytes": "2 KB"})
async def sizes(at: Bench) -> object:
    at.fake.add_asset(bytes(1500), name="cat.mp4")
    [item] = (await at.ask.get("asset.list"))["items"]
    return item["filesize"]


@shows(
    "answers.dates",
    seen={
        "seven digits and an offset": "0000-00-00T00:00:00.0000000-00:00",
        "an offset": "0000-00-00T00:00:00+00:00",
        "no offset": "0000-00-00T00:00:00",
        "month first": "00/00/0000 00:00 AM",
    },
)
async def dates(at: Bench) -> object:
    fid = await at.gallery()
    at.asset(fid=fid)
    [gallery] = (await at.ask.get("gallery.list"))["galleries"]
    [item] = (await at.ask.get("asset.list"))["items"]
    [hooked] = [body["modified"] for body in (await at.hooked()).bodies]
    dates = (item["uploaded"], item["modified"], gallery["modified"], hooked)
    [shape] = {re.sub(r"\d", "0", date).replace("PM", "AM") for date in dates}
    return shape


@shows("parameters.query")
async def query(at: Bench) -> object:
    params = {"api_token": at.ask.token, "name": "query"}
    await at.ask.http.post("gallery.create.json", params=params, data={"name": "body"})
    [gallery] = (await at.ask.get("gallery.list"))["galleries"]
    return gallery["name"]


@shows("parameters.yes", seen={"yes and no": ["yes"], "true and false": ["true"]})
async def yes(at: Bench) -> object:
    taken = []
    for word in ("yes", "true"):
        fid = await at.gallery()
        rid = at.asset(fid=fid)
        await at.ask.post("gallery.delete", fid=fid, delete_assets=word)
        if rid not in await at.rids():
            taken.append(word)
    return taken


@shows("parameters.cache", seen={"taken": (True, True), "refused": ("There is no parameter cache", True)})
async def cache(at: Bench) -> object:
    return said(await at.ask.get("ping", cache="never")), said(await at.ask.post("gallery.create", cache="never"))


@shows("failure.token")
async def token(at: Bench) -> object:
    return (await at.ask.respond("GET", "ping", api_token="UNKNOWN")).status_code


@shows("failure.success", seen={"false": False, "true": True})
async def failure(at: Bench) -> object:
    answer = await at.ask.post("asset.delete", rid="A1")
    assert answer["message"] == "The rid does not exist"
    return answer["success"]


@shows("failure.status")
async def failure_status(at: Bench) -> object:
    return (await at.ask.respond("POST", "asset.delete", rid="A1")).status_code


@shows("failure.text")
async def failure_text(at: Bench) -> object:
    return only_field(await at.ask.post("asset.delete", rid="A1"))


@shows("failure.unknown_rid", seen={"not found": "The rid does not exist", "refused": REFUSED})
async def unknown_rid(at: Bench) -> object:
    return said(await at.ask.post("asset.resync", rid="A1"))


@shows("failure.unknown_fid", seen={"not found": "The fid does not exist", "refused": REFUSED})
async def unknown_fid(at: Bench) -> object:
    return said(await at.ask.get("gallery.get_items", fid="A1"))


@shows("failure.unknown_status_id", seen={"not found": "The status_id does not exist", "refused": REFUSED})
async def unknown_status_id(at: Bench) -> object:
    return said(await at.ask.status("1"))


@shows(
    "failure.resend",
    seen={
        "not found": ("The rid does not exist", "The fid does not exist"),
        "success": (True, True),
        "refused": (REFUSED, REFUSED),
    },
)
async def resend(at: Bench) -> object:
    rid, fid = at.asset(), await at.gallery()
    for _ in range(2):
        both = said(await at.ask.post("asset.delete", rid=rid)), said(await at.ask.post("gallery.delete", fid=fid))
    return both


@shows("permissions.status")
async def permissions_status(at: Bench) -> object:
    return (await at.ask.respond("GET", "asset.list", api_token=at.fake.issue_token("|gallery.*|"))).status_code


@shows(
    "permissions.text",
    seen={
        "permissions": "The permissions of the api_token do not allow asset.list",
        "token": "The api_token is not valid for asset.list",
    },
)
async def permissions_text(at: Bench) -> object:
    return said(await at.ask.get("asset.list", api_token=at.fake.issue_token("|gallery.*|")))


@shows("permissions.form", seen={"bars": "|asset.*|gallery.list|", "commas": "asset.*,gallery.list"})
async def permissions_form(at: Bench) -> object:
    return (await at.ask.get("ping", api_token=at.fake.issue_token("|asset.*|gallery.list|")))["permissions"]


@shows("token.get_temp.field")
async def temporary_token(at: Bench) -> object:
    return only_field(await at.ask.get("token.get_temp"))


@shows("upload.get_upload_token.field")
async def upload_token(at: Bench) -> object:
    return only_field(await at.ask.get("upload.get_upload_token", fid=await at.gallery()))


@shows("upload.iframe.page", seen={"HTML": "text/html", "JSON": "application/json"})
async def page(at: Bench) -> object:
    params = {"api_token": at.ask.token, "fid": await at.gallery()}
    answer = await at.ask.http.get("upload.iframe", params=params)
    assert "Drop files here" in answer.text
    return answer.headers["content-type"].partition(";")[0]
