"""Iterating over the items of all pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import anyio
import httpx
import pytest
import respx
from anyio.lowlevel import checkpoint

from cincopa_async import CincopaClient, NotFoundError, ServerError
from tests.cancelling import HOWS, Cancellable, How

pytestmark = pytest.mark.anyio


class Library:
    """Assets of an account, two a page, behind ``asset.list``."""

    def __init__(self, router: respx.MockRouter, count: int, **numbers: Any) -> None:
        self.rids: list[str | None] = [f"A{number}" for number in range(1, count + 1)]
        self.numbers = numbers
        self.asked: list[int] = []
        self.queries: list[httpx.QueryParams] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.broken: set[int] = set()
        self.stuck: set[int] = set()
        self.route = router.get("asset.list.json")
        self.route.side_effect = self.answer

    async def answer(self, request: httpx.Request) -> httpx.Response:
        page = int(request.url.params["page"])
        self.asked.append(page)
        self.queries.append(request.url.params)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            for _ in range(10):
                await checkpoint()
            if page in self.stuck:
                await anyio.sleep_forever()
        finally:
            self.in_flight -= 1
        if page in self.broken:
            return httpx.Response(200, json={"success": False, "message": f"page {page} does not exist"})
        items = [{"rid": rid, "caption": f"{page}"} for rid in self.rids[2 * page - 2 : 2 * page]]
        pages_count = math.ceil(len(self.rids) / 2)
        numbers = {"page": page, "items_count": len(self.rids), "pages_count": pages_count} | self.numbers
        return httpx.Response(200, json={"success": True, "items": items, "items_data": numbers})


async def rids_of(pages: Any) -> Sequence[str | None]:
    return [asset.rid async for asset in pages]


@pytest.mark.parametrize("ahead", [1, 2, 3, 4, 9])
@pytest.mark.parametrize("count", [1, 2, 3, 13])
async def test_items_of_all_pages_come_in_order(
    count: int, ahead: int, cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """However many pages are fetched at once, each is asked for once, and none that is not there."""
    library = Library(api, count)

    assert await rids_of(cincopa.asset.iter(ahead=ahead)) == library.rids
    assert sorted(library.asked) == list(range(1, math.ceil(count / 2) + 1))
    assert library.most_in_flight == min(ahead, max(1, math.ceil(count / 2) - 1))


async def test_every_page_is_asked_for_with_the_same_filter(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """Only the number of the page differs."""
    library = Library(api, 6)
    await rids_of(cincopa.asset.iter(search="cat & dog", tag="no-tag", details=["tags"], items_per_page=2))

    for query in library.queries:
        assert dict(query.remove("page").remove("api_token")) == {
            "search": "cat & dog",
            "tag": "no-tag",
            "details": "tags",
            "items_per_page": "2",
        }


async def test_nothing_is_sent_before_the_first_step(cincopa: CincopaClient) -> None:
    """To make an iterator costs nothing."""
    pages = cincopa.asset.iter()

    assert pages.items_count is None
    assert aiter(pages) is pages


async def test_loop_left_early_asks_for_no_page_that_nobody_needs(
    cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """The first page comes alone, further ones when its items are used up; nothing runs while the body does."""
    library = Library(api, 20)
    seen: list[tuple[str | None, list[int], int]] = []
    async for asset in cincopa.asset.iter(ahead=4):
        seen.append((asset.rid, sorted(library.asked), library.in_flight))
        if asset.rid == "A3":
            break
    for _ in range(50):
        await checkpoint()

    assert seen == [("A1", [1], 0), ("A2", [1], 0), ("A3", [1, 2, 3, 4, 5], 0)]
    assert sorted(library.asked) == [1, 2, 3, 4, 5]


async def test_number_of_items_is_known_from_the_first_page_on(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """For a progress bar, as Cincopa says it."""
    Library(api, 5)
    pages = cincopa.asset.iter()
    await anext(pages)

    assert pages.items_count == 5


async def test_empty_list_has_no_items(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """An empty page is an empty page."""
    library = Library(api, 0)
    pages = cincopa.asset.iter()

    assert await rids_of(pages) == []
    assert pages.items_count == 0
    assert library.asked == [1]


async def test_empty_answer_to_a_reference_id_has_no_items(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """Which Cincopa may give in the place of an error."""
    api.get("asset.list.json").respond(200, content=b"")

    assert await rids_of(cincopa.asset.iter(reference_id="none")) == []


async def test_iterator_goes_through_the_pages_once(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """At its end it stays there."""
    library = Library(api, 3)
    pages = cincopa.asset.iter()
    await rids_of(pages)

    assert await rids_of(pages) == []
    assert len(library.asked) == 2


@pytest.mark.parametrize("numbers", [{}, {"pages_count": None}])
@pytest.mark.parametrize(("limit", "ahead"), [(None, 1), (None, 4), (1, 4), (4, 1), (4, 4)])
async def test_tasks_that_share_an_iterator_get_each_item_once(
    limit: int | None, ahead: int, numbers: dict[str, Any], cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """Between them they get what one would, asking for no page twice."""
    library = Library(api, 9, **numbers)
    pages = cincopa.asset.iter(limit=limit, ahead=ahead)
    got: list[str | None] = []

    async def take() -> None:
        got.extend([asset.rid async for asset in pages])

    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            for _ in range(12):
                group.start_soon(take)

    assert sorted(filter(None, got)) == library.rids[:limit]
    assert len(library.asked) == len(set(library.asked))


@pytest.mark.parametrize("ahead", [1, 2, 4])
@pytest.mark.parametrize("added", [1, 2, 3])
async def test_items_that_come_meanwhile_neither_double_nor_lose_others(
    added: int, ahead: int, cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """What they push to the next page comes once; what they push beyond the last page comes too."""
    library = Library(api, 6)
    before = list(library.rids)
    seen: list[str | None] = []
    async for asset in cincopa.asset.iter(ahead=ahead):
        if not seen:
            library.rids[:0] = [f"N{number}" for number in range(added)]
        seen.append(asset.rid)

    assert [rid for rid in seen if rid in before] == before
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("ahead", [1, 4])
async def test_items_that_go_meanwhile_break_nothing(ahead: int, cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """What moves to a page that was read already is missed, nothing comes twice, and the loop ends."""
    library = Library(api, 8)
    seen: list[str | None] = []
    async for asset in cincopa.asset.iter(ahead=ahead):
        if not seen:
            del library.rids[0]
        seen.append(asset.rid)

    assert seen == ["A1", "A2", "A4", "A5", "A6", "A7", "A8"]


@pytest.mark.parametrize("count", [1, 2, 3, 8, 13])
@pytest.mark.parametrize("ahead", [1, 4])
@pytest.mark.parametrize("unknown", [None, -1, "many"])
async def test_list_without_a_number_of_pages_ends_at_an_empty_page(
    unknown: object, ahead: int, count: int, cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """Where Cincopa does not say how long it is, it is read until there is no more."""
    library = Library(api, count, pages_count=unknown)

    assert await rids_of(cincopa.asset.iter(ahead=ahead)) == library.rids
    assert len(library.asked) == len(set(library.asked)) <= math.ceil(count / 2) + ahead


@pytest.mark.parametrize("ahead", [1, 4])
async def test_list_that_repeats_itself_ends(ahead: int, cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """A service that does not know `page` gives the first page for ever."""
    route = api.get("asset.list.json").respond(json={"success": True, "items": [{"rid": "A1"}, {"rid": "A2"}]})

    assert await rids_of(cincopa.asset.iter(ahead=ahead)) == ["A1", "A2"]
    assert route.call_count == 1 + ahead


@pytest.mark.parametrize("ahead", [1, 4])
async def test_list_that_grows_as_it_is_read_and_repeats_itself_ends(
    ahead: int, cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """A service that gives the last page for each beyond it, and says that one more follows."""

    def answer(request: httpx.Request) -> httpx.Response:
        page = int(request.url.params["page"])
        items = [{"rid": f"A{2 * min(page, 3) + number}"} for number in range(2)]
        return httpx.Response(200, json={"success": True, "items": items, "items_data": {"pages_count": page + 1}})

    route = api.get("asset.list.json").mock(side_effect=answer)

    with anyio.fail_after(10):
        assert await rids_of(cincopa.asset.iter(ahead=ahead)) == ["A2", "A3", "A4", "A5", "A6", "A7"]
    assert route.call_count <= 3 + 4 + ahead


async def test_number_of_pages_of_a_list_with_items_is_not_nought(
    cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """Such a number is not believed."""
    library = Library(api, 7, pages_count=0)

    assert await rids_of(cincopa.asset.iter()) == library.rids


async def test_items_without_an_rid_are_not_taken_for_one(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """Nobody knows whether they are the same."""
    library = Library(api, 0)
    library.rids = [None, None, None]

    assert await rids_of(cincopa.asset.iter()) == [None, None, None]


@pytest.mark.parametrize("ahead", [1, 4])
async def test_error_of_a_page_comes_out_alone(ahead: int, cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """Not in an ExceptionGroup, though several pages were under way, and with nothing in its chain."""
    library = Library(api, 20)
    library.broken = {3}
    pages = cincopa.asset.iter(ahead=ahead)
    seen = [(await anext(pages)).rid for _ in range(4 if ahead == 1 else 2)]

    with pytest.raises(NotFoundError, match="page 3 does not exist") as caught:
        await anext(pages)

    assert seen == library.rids[: len(seen)]
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    assert library.in_flight == 0


async def test_error_of_a_page_does_not_wait_for_the_others(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """What they would bring is of no use any more."""
    library = Library(api, 20)
    library.broken, library.stuck = {3}, {2, 4, 5}
    pages = cincopa.asset.iter(ahead=4)
    await anext(pages)
    await anext(pages)

    with anyio.fail_after(10), pytest.raises(NotFoundError, match="page 3"):
        await anext(pages)

    assert library.in_flight == 0


async def test_first_of_several_errors_is_raised(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """One call, one error."""
    library = Library(api, 20)
    library.broken = {2, 3, 4, 5}
    pages = cincopa.asset.iter()
    await anext(pages)
    await anext(pages)

    with pytest.raises(NotFoundError):
        await anext(pages)


async def test_iteration_can_be_taken_up_after_an_error(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """The next step asks for the same pages again."""
    library = Library(api, 6)
    library.broken = {2}
    pages = cincopa.asset.iter()
    seen = [(await anext(pages)).rid, (await anext(pages)).rid]
    with pytest.raises(NotFoundError):
        await anext(pages)
    library.broken.clear()

    assert [*seen, *await rids_of(pages)] == library.rids


async def test_page_that_fails_in_passing_is_asked_for_again(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """A list is a read, each of its pages has the retries of any read."""
    answers = [
        httpx.Response(502),
        httpx.Response(200, json={"items": [{"rid": "A1"}], "items_data": {"pages_count": 1}}),
    ]
    api.get("asset.list.json").side_effect = answers

    assert await rids_of(cincopa.asset.iter()) == ["A1"]


async def test_page_that_fails_for_good_raises(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """After the last retry."""
    api.get("asset.list.json").respond(500)

    with pytest.raises(ServerError):
        await rids_of(cincopa.asset.iter())


@pytest.mark.parametrize(
    ("how", "anyio_backend"), [(how, "trio" if how == "trio scope" else "asyncio") for how in HOWS]
)
async def test_cancelled_step_leaves_nothing_running(how: How, cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """Pages that are under way end with the step; another step asks for them again, and nothing is lost."""
    library = Library(api, 20)
    pages = cincopa.asset.iter(ahead=4)
    seen = [(await anext(pages)).rid, (await anext(pages)).rid]

    async with anyio.create_task_group() as group:
        step = Cancellable(how, group, lambda: anext(pages))
        while library.in_flight < 4:
            await checkpoint()
        await step.cancelled()

    assert library.in_flight == 0
    assert [*seen, *await rids_of(pages)] == library.rids


@pytest.mark.parametrize("ahead", [0, -1, 1.5, "4", None])
async def test_ahead_is_a_whole_number_from_one(ahead: Any, cincopa: CincopaClient) -> None:
    """Refused before anything is sent."""
    with pytest.raises(ValueError, match="ahead must be a whole number of 1 or more"):
        cincopa.asset.iter(ahead=ahead)


@pytest.mark.parametrize(
    ("limit", "ahead", "asked"),
    [
        (1, 4, [1]),
        (2, 4, [1]),
        (3, 4, [1, 2]),
        (5, 4, [1, 2, 3]),
        (12, 4, [1, 2, 3, 4, 5, 6]),
        (5, 1, [1, 2, 3]),
        (13, 4, list(range(1, 8))),
        (99, 4, list(range(1, 8))),
    ],
)
async def test_limit_ends_the_list_and_asks_for_no_page_beyond_it(
    limit: int, ahead: int, asked: list[int], cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """So many items at most, and no more pages than hold them."""
    library = Library(api, 13)

    pages = cincopa.asset.iter(limit=limit, ahead=ahead)

    assert await rids_of(pages) == library.rids[:limit]
    assert await rids_of(pages) == []
    assert sorted(library.asked) == asked
    assert pages.items_count == 13


async def test_limit_counts_what_came_not_what_was_doubled(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """Items that others push to the next page come once, and the next page fills the limit."""
    library = Library(api, 8)
    seen: list[str | None] = []
    async for asset in cincopa.asset.iter(limit=5, ahead=2):
        if not seen:
            library.rids[:0] = ["N1", "N2"]
        seen.append(asset.rid)

    assert seen == ["A1", "A2", "A3", "A4", "A5"]


@pytest.mark.parametrize("limit", [0, -1, 1.5, "4", True])
async def test_limit_is_a_whole_number_from_one(limit: Any, cincopa: CincopaClient) -> None:
    """Refused before anything is sent."""
    with pytest.raises(ValueError, match="limit must be a whole number of 1 or more"):
        cincopa.asset.iter(limit=limit)
