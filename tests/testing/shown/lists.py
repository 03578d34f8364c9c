"""Lists and what stands in them."""

from __future__ import annotations

from tests.testing.shown.bench import Bench, only_field, said, shows


@shows(
    "asset.list.unknown_reference_id",
    seen={"an empty page": [], "an empty response": b"", "refused": "The reference_id does not exist"},
)
async def unknown_reference_id(at: Bench) -> object:
    answer = await at.ask.respond("GET", "asset.list", reference_id="mine")
    if not answer.content:
        return answer.content
    return answer.json()["items"] if answer.json()["success"] else said(answer.json())


@shows("asset.list.rid_exact", seen={"whole": 0, "in part": 1})
async def rid_exact(at: Bench) -> object:
    return len((await at.ask.get("asset.list", rid=at.asset()[:-1]))["items"])


async def tagged(at: Bench, tag: str) -> object:
    """Which of three assets are found: one with a tag, one whose tag is the very word, one with none."""
    names = {at.asset(): "tagged", at.asset(): "same", at.asset(): "none"}
    for rid, tags in zip(names, ("cat", tag), strict=False):
        await at.ask.post("asset.set_meta", rid=rid, tags=tags)
    return [names[item["rid"]] for item in (await at.ask.get("asset.list", tag=tag))["items"]]


@shows("asset.list.tag_any", seen={"special": ["tagged", "same"], "a tag like others": ["same"]})
async def tag_any(at: Bench) -> object:
    return await tagged(at, "any-tag")


@shows("asset.list.tag_none", seen={"special": ["none"], "a tag like others": ["same"]})
async def tag_none(at: Bench) -> object:
    return await tagged(at, "no-tag")


def shows_detail(word: str) -> None:
    """Whether a list tells a field that it is asked for."""

    @shows(f"asset.list.details.{word}", seen={"told": True, "left out": False})
    async def detail(at: Bench) -> object:
        at.asset()
        (item,) = (await at.ask.get("asset.list", details=f"{word},exif_tags"))["items"]
        return word in item


for _word in (
    "caption",
    "description",
    "long_description",
    "related_link_text",
    "related_link_url",
    "reference_id",
    "tags",
):
    shows_detail(_word)


@shows("asset.list.beyond", seen={"an empty page": (0, 3), "the last page": (1, 2)})
async def beyond(at: Bench) -> object:
    at.asset(), at.asset()
    answer = await at.ask.get("asset.list", page=3, items_per_page=1)
    return len(answer["items"]), answer["items_data"]["page"]


@shows(
    "asset.list.below",
    seen={"refused": "The parameter items_per_page is out of range", "the usual number": 1, "none": 0},
)
async def below(at: Bench) -> object:
    at.asset()
    answer = await at.ask.get("asset.list", items_per_page=0)
    return len(answer["items"]) if answer["success"] else said(answer)


@shows("asset.list.attached", seen={"not listed": 1, "listed": 2})
async def attached(at: Bench) -> object:
    await at.upload(rid=at.asset(), type="thumb")
    return len(await at.rids())


@shows(
    "gallery.list.most",
    seen={"refused": "The parameter items_per_page is out of range", "cut": 100, "taken": 101},
)
async def most(at: Bench) -> object:
    answer = await at.ask.get("gallery.list", items_per_page=101)
    return answer["items_data"]["items_per_page"] if answer["success"] else said(answer)


@shows("gallery.list.search_caption", seen={"the name": 0, "all texts": 1})
async def search_caption(at: Bench) -> object:
    await at.gallery(name="Dogs", description="no cats")
    return len((await at.ask.get("gallery.list", search="caption=cats"))["galleries"])


@shows("gallery.get_items.place")
async def place(at: Bench) -> object:
    answer = await at.ask.get("gallery.get_items", fid=await at.gallery())
    if "folder" in answer:
        return "folder.items" if answer["folder"]["items"] == [] else None
    return only_field({name: value for name, value in answer.items() if name != "items_data"})


@shows(
    "asset.get_tags.shape", seen={"list": ["a", "b"], "map": {"b": 1, "a": 1}, "objects": [{"tag": "a"}, {"tag": "b"}]}
)
async def tags_shape(at: Bench) -> object:
    await at.ask.post("asset.set_meta", rid=at.asset(), tags="b,a")
    return (await at.ask.get("asset.get_tags"))["tags"]


@shows("tags.form", seen={"commas": ("a, b;c", ["a", "b;c"]), "semicolons": ("a,b; c", ["a,b", "c"])})
async def tags_form(at: Bench) -> object:
    rid, fid = at.asset(), await at.gallery()
    await at.ask.post("asset.set_meta", rid=rid, tags="a,b;c")
    await at.ask.post("gallery.set_meta", fid=fid, tags="a,b;c")
    [item] = (await at.ask.get("asset.list", details="tags"))["items"]
    answer = await at.ask.get("gallery.list")
    assert item["tags"] == answer["galleries"][0]["tags"]
    return item["tags"], list(answer["tag_cloud"])


@shows("gallery.download.field")
async def download_field(at: Bench) -> object:
    return only_field(await at.ask.get("gallery.download", fid=await at.gallery()))
