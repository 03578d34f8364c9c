"""The fake's quirks: each by its name, by call, by count and by chance."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import anyio
import httpx
import pytest

from cincopa_async.testing import FakeCincopa, Quirk
from tests.testing.helpers import Asker, until

pytestmark = pytest.mark.anyio

URL = "https://media.test/cat.mp4"
CREATE = "gallery.create"


@pytest.fixture
def fake() -> FakeCincopa:
    fake = FakeCincopa()
    fake.add_source(URL, b"cat")
    return fake


async def test_reset_comes_before_the_call_acts(fake: FakeCincopa, ask: Asker) -> None:
    """The connection is reset on the socket, and nothing was done."""
    fake.quirk("reset", call=CREATE)

    with pytest.raises(httpx.ReadError):
        await ask.post(CREATE)

    assert await ask.galleries() == 0
    assert fake.counts.requests[CREATE] == 1


async def test_reset_after_has_acted(fake: FakeCincopa, ask: Asker) -> None:
    """The connection is reset instead of the answer."""
    fake.quirk("reset_after", call=CREATE)

    with pytest.raises(httpx.ReadError):
        await ask.post(CREATE)

    assert await ask.galleries() == 1


async def test_resets_in_process(fake: FakeCincopa, ask_in_process: Asker) -> None:
    """Without a socket a reset is httpx's error for it."""
    fake.quirk("reset", call=CREATE, nth=1)
    fake.quirk("reset_after", call=CREATE, nth=2)

    for made in (0, 1):
        with pytest.raises(httpx.ReadError):
            await ask_in_process.post(CREATE)
        assert await ask_in_process.galleries() == made


@pytest.mark.parametrize(
    ("name", "options", "status", "acted"),
    [
        ("html_502", {}, 502, False),
        ("html_502", {"status": 504}, 504, False),
        ("html_502_after", {}, 502, True),
        ("server_error", {}, 500, False),
        ("server_error_after", {"status": 503}, 503, True),
        ("retry_after", {}, 429, False),
        ("success_false", {}, 200, False),
        ("empty_body", {}, 200, True),
        ("truncated_json", {}, 200, True),
    ],
)
async def test_answer_of_another_kind(
    fake: FakeCincopa, ask: Asker, *, name: Any, options: dict[str, Any], status: int, acted: bool
) -> None:
    """The answer has that status, and the call has acted or not as the quirk's name says."""
    fake.quirk(name, call=CREATE, **options)

    response = await ask.respond("POST", CREATE)

    assert response.status_code == status
    assert await ask.galleries() == acted


async def test_proxy_page_is_html(fake: FakeCincopa, ask: Asker) -> None:
    """What a proxy says is no JSON."""
    fake.quirk("html_502")

    response = await ask.respond("GET", "ping")

    assert response.headers["content-type"].startswith("text/html")
    assert response.text.startswith("<html>")


async def test_body_that_is_empty_or_cut(fake: FakeCincopa, ask: Asker) -> None:
    """HTTP is whole, JSON is not."""
    fake.quirk("empty_body", nth=1)
    fake.quirk("truncated_json", nth=2)

    empty, cut = await ask.respond("GET", "ping"), await ask.respond("GET", "ping")

    assert (empty.status_code, empty.content) == (200, b"")
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        cut.json()
    assert cut.text.startswith('{"ping"')


async def test_retry_after_in_seconds_and_as_a_date(fake: FakeCincopa, ask: Asker) -> None:
    """The header says when to come again, in either of its forms."""
    fake.quirk("retry_after", nth=1, seconds=7)
    fake.quirk("retry_after", nth=2, status=503, seconds=60, as_date=True)

    first, second = await ask.respond("GET", "ping"), await ask.respond("GET", "ping")

    assert (first.status_code, first.headers["retry-after"]) == (429, "7")
    wait = parsedate_to_datetime(second.headers["retry-after"]) - datetime.now(UTC)
    assert second.status_code == 503
    assert 50 < wait.total_seconds() <= 60


async def test_success_false_with_a_text_of_its_own(fake: FakeCincopa, ask: Asker) -> None:
    """200 and success false, in any of the places where the text may stand."""
    fake.quirk("success_false", message="no luck")
    assert (await ask.get("ping"))["message"] == "no luck"
    fake.quirk("failure_key")
    assert (await ask.get("ping"))["error"] == "no luck"
    fake.quirk("failure_key", key="more")

    answer = await ask.get("ping")

    assert answer["more"] == "no luck"
    assert answer["success"] is False


async def test_failures_with_a_status_of_their_own(fake: FakeCincopa, ask: Asker) -> None:
    """A failure may have a status other than 200."""
    fake.quirk("failure_status", nth=1)
    fake.quirk("failure_status", nth=2, status=400)

    statuses = [(await ask.respond("POST", "asset.delete", rid="A4nobody")).status_code for _ in range(3)]

    assert statuses == [404, 400, 200]


async def test_permission_refused_with_200(fake: FakeCincopa, ask: Asker) -> None:
    """What the permissions do not allow may be a plain failure."""
    ask.token = fake.issue_token("|asset.list|")
    fake.quirk("permission_status")

    response = await ask.respond("GET", "gallery.list")

    assert (response.status_code, response.json()["success"]) == (200, False)


@pytest.mark.parametrize(("name", "made"), [("latency", 0), ("latency_after", 1)])
async def test_latency(fake: FakeCincopa, ask: Asker, name: Any, made: int) -> None:
    """The answer is late, the act is done before or after the wait."""
    fake.quirk(name, call=CREATE, seconds=60)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask.post, CREATE)
        await until(lambda: fake.counts.requests[CREATE] == 1)

        await ask.has_galleries(made)

        tasks.cancel_scope.cancel()


async def test_latency_is_waited_for(fake: FakeCincopa, ask: Asker) -> None:
    """After the wait the call acts and answers as ever."""
    fake.quirk("latency", seconds=0.001)
    fake.quirk("latency_after", seconds=0.001)

    assert (await ask.get("ping"))["ping"] == "pong"


async def test_numbers_as_strings(fake: FakeCincopa, ask: Asker) -> None:
    """Every number is a string, however deep; true stays true."""
    await ask.uploaded(URL)
    fake.quirk("numbers_as_strings")

    answer = await ask.get("asset.list")

    assert answer["success"] is True
    assert isinstance(answer["runtime"], str)
    assert (answer["items"][0]["filesize"], answer["items_data"]["page"]) == ("3", "1")


async def test_sizes_as_words_or_unknown(fake: FakeCincopa, ask: Asker) -> None:
    """Sizes of files come as "3 byte", or as -1, which has no words."""
    status_id = await ask.start(URL)
    await ask.ended(status_id)
    fake.quirk("size_words")

    status = await ask.status(status_id)

    assert (status["file_size_bytes"], status["progress_bytes"]) == ("3 byte", 3)
    assert (await ask.get("asset.list"))["items"][0]["filesize"] == "3 byte"
    fake.quirk("unknown_sizes")
    assert (await ask.status(status_id))["file_size_bytes"] == -1


async def test_missing_fields(fake: FakeCincopa, ask: Asker) -> None:
    """A field, or several, are left out, wherever they stand."""
    fake.quirk("missing", call="asset.upload_from_url")
    assert "status_id" not in await ask.post("asset.upload_from_url", input=URL)
    fake.clear_quirks()
    await ask.uploaded(URL)
    fake.quirk("missing", field=["filename", "pages_count"])

    answer = await ask.get("asset.list")

    assert "filename" not in answer["items"][0]
    assert "rid" in answer["items"][0]
    assert "pages_count" not in answer["items_data"]


async def test_word_that_nobody_knows(fake: FakeCincopa, ask: Asker) -> None:
    """An upload in progress, or in another state, is called something else."""
    with fake.held():
        status_id = await ask.start(URL)
        fake.quirk("unknown_status_word", nth=1)
        fake.quirk("unknown_status_word", word="Ready", state="completed")
        assert (await ask.status(status_id))["status"] == "transcoding"
        assert (await ask.status(status_id))["status"] == "inprogress"

    status = await ask.status_where(status_id, lambda status: "resid" in status)

    assert status["status"] == "Ready"


async def test_fresh_id_is_unknown_for_some_polls(fake: FakeCincopa, ask: Asker) -> None:
    """The first polls do not know the upload yet; an abort does."""
    fake.quirk("fresh_id_unknown", polls=2)
    status_id = await ask.start(URL)

    answers = [await ask.status(status_id) for _ in range(3)]

    assert [answer["success"] for answer in answers] == [False, False, True]
    assert "status_id" in answers[0]["message"]
    assert (await ask.abort(status_id))["success"] is True


async def test_fresh_id_is_unknown_for_some_time(fake: FakeCincopa, ask: Asker) -> None:
    """Until the upload is so old its id is unknown."""
    fake.quirk("fresh_id_unknown", nth=1, seconds=3600)
    fake.quirk("fresh_id_unknown", nth=2, seconds=1e-9)
    status_id = await ask.start(URL)

    answers = [await ask.status(status_id) for _ in range(2)]

    assert [answer["success"] for answer in answers] == [False, True]


async def test_completed_without_resid(fake: FakeCincopa, ask: Asker) -> None:
    """The word may be there before the rid is."""
    status_id = await ask.start(URL)
    await ask.ended(status_id)
    fake.quirk("completed_without_resid", times=1)

    first, second = await ask.status(status_id), await ask.status(status_id)

    assert (first["status"], "resid" in first) == ("completed", False)
    assert "resid" in second


async def test_resid_before_the_end(fake: FakeCincopa, ask: Asker) -> None:
    """The rid may be there in progress, as in the documentation's example; the asset gets that one."""
    fake.quirk("early_resid")
    with fake.held():
        status_id = await ask.start(URL)
        early = await ask.status(status_id)
        again = await ask.status(status_id)

    assert early["status"] == "inprogress"
    assert early["resid"] == again["resid"] == (await ask.ended(status_id))["resid"]


async def test_abort_leaves_what_it_is_told(fake: FakeCincopa, ask: Asker) -> None:
    """An aborted upload may be failed, or not known any more."""
    fake.hold()
    failed, unknown, aborted = [await ask.start(URL) for _ in range(3)]
    fake.quirk("abort_leaves", nth=1)
    fake.quirk("abort_leaves", nth=2, state="unknown")

    for status_id in (failed, unknown, aborted):
        assert (await ask.abort(status_id))["success"] is True

    assert (await ask.status(failed))["status"] == "failed"
    assert (await ask.status(unknown))["success"] is False
    assert (await ask.status(aborted))["status"] == "aborted"


async def test_shapes_that_are_unverified(fake: FakeCincopa, ask: Asker) -> None:
    """Tags as a map, a temporary token in another field, items in a folder."""
    rid = await ask.uploaded(URL)
    await ask.post("asset.set_meta", rid=rid, tags="pet")
    fid = (await ask.post(CREATE))["fid"]
    await ask.post("gallery.add_item", fid=fid, rid=rid)
    for name in ("tag_counts", "token_field", "folder_items"):
        fake.quirk(name)

    assert (await ask.get("asset.get_tags"))["tags"] == {"pet": 1}
    assert "token" in await ask.get("token.get_temp")
    assert (await ask.get("gallery.get_items", fid=fid))["folder"]["items"][0]["rid"] == rid


async def test_first_quirk_wins(fake: FakeCincopa, ask: Asker) -> None:
    """Of several that answer in the call's place, the one set first does."""
    fake.quirk("server_error")
    fake.quirk("html_502")

    assert (await ask.respond("GET", "ping")).status_code == 500


async def test_quirks_from_the_start() -> None:
    """Quirks may be given to the fake itself."""
    fake = FakeCincopa(quirks=[Quirk("server_error", nth=1)])
    async with fake, httpx.AsyncClient(transport=httpx.ASGITransport(app=fake), base_url="http://x.test/v2/") as http:
        ask = Asker(http, fake.api_token)

        assert (await ask.respond("GET", "ping")).status_code == 500
        assert (await ask.respond("GET", "ping")).status_code == 200


async def which(ask: Asker, count: int) -> list[int]:
    """Make calls, and tell by number which of them failed."""
    return [number for number in range(1, count + 1) if (await ask.respond("GET", "ping")).status_code == 500]


@pytest.mark.parametrize(
    ("rule", "failed"),
    [
        ({"nth": 3}, [3]),
        ({"nth": [2, 5]}, [2, 5]),
        ({"every": 2}, [2, 4, 6]),
        ({"times": 2}, [1, 2]),
        ({"every": 2, "times": 1}, [2]),
        ({"rate": 0.0}, []),
        ({"rate": 1.0}, [1, 2, 3, 4, 5, 6]),
        ({"call": "p*g", "nth": 1}, [1]),
        ({"call": "asset.*"}, []),
    ],
)
async def test_rules_pick_calls(
    fake: FakeCincopa, ask_in_process: Asker, rule: dict[str, Any], failed: list[int]
) -> None:
    """A quirk concerns the calls that its rule picks, of those whose name matches."""
    fake.quirk("server_error", **rule)

    assert await which(ask_in_process, 6) == failed


async def test_rate_is_a_dice_with_a_seed(fake: FakeCincopa, ask_in_process: Asker) -> None:
    """The same seed picks the same calls, about as many as the rate says."""
    picked = []
    for seed in (7, 7, 8):
        fake.clear_quirks()
        fake.quirk("server_error", rate=0.1, seed=seed)
        picked.append(await which(ask_in_process, 100))

    assert picked[0] == picked[1] != picked[2]
    assert 3 <= len(picked[0]) <= 20


async def test_other_calls_are_not_counted(fake: FakeCincopa, ask_in_process: Asker) -> None:
    """The third get_status is the third of its kind, whatever else is called."""
    fake.quirk("server_error", call="ping", nth=2)
    await ask_in_process.get("ping")

    await ask_in_process.get("asset.list")

    assert await which(ask_in_process, 2) == [1]


def test_quirk_that_does_not_exist() -> None:
    """An unknown name is refused, and the ones that exist are named."""
    with pytest.raises(ValueError, match=r"no quirk 'resett'.*reset_after"):
        Quirk("resett")  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "known"), [("latency", "seconds"), ("reset", "no options")])
def test_option_that_does_not_exist(name: Any, known: str) -> None:
    """An option that a quirk does not take is refused, and the ones it takes are named."""
    with pytest.raises(TypeError, match=f"takes no word; it takes {known}"):
        Quirk(name, word="x")


@pytest.mark.parametrize("rule", [{"every": 0}, {"rate": 1.5}, {"rate": -0.1}])
def test_rule_that_makes_no_sense(rule: dict[str, Any]) -> None:
    """Numbers out of range are refused."""
    with pytest.raises(ValueError, match=r"every|rate"):
        Quirk("reset", **rule)


def test_quirk_shows_what_it_does() -> None:
    """Its repr names it and its options."""
    assert repr(Quirk("latency", seconds=2)) == "<Quirk latency {'seconds': 2}>"
