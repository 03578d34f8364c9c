"""The error tree: how it is caught, shown, pickled and copied. Models are copied likewise."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import asdict, has

from cincopa_async import (
    Account,
    APIError,
    Asset,
    AssetNotDescribedError,
    AssetNotReadyError,
    AssetPage,
    AssetTimeoutError,
    AuthenticationError,
    BatchHaltedError,
    CincopaError,
    ClientClosedError,
    CreatedGallery,
    FileChangedError,
    Gallery,
    GalleryArchive,
    GalleryPage,
    LeaseLostError,
    LiveList,
    LiveStream,
    NotFoundError,
    Page,
    PermissionDeniedError,
    Portal,
    PortalList,
    RateLimitError,
    RequestTimeoutError,
    ResponseDecodeError,
    ServerError,
    StartedUpload,
    TagList,
    TemporaryToken,
    TransportError,
    UploadAbortedError,
    UploadError,
    UploadFailedError,
    UploadResult,
    UploadState,
    UploadStatus,
    UploadTimeoutError,
    UploadToken,
    UploadUnknownError,
    UploadURL,
    Webhook,
    WebhookDecodeError,
    WebhookDroppedError,
    WebhookList,
    errors,
    models,
)

ERRORS = {
    name: value
    for name, value in inspect.getmembers(errors, inspect.isclass)
    if issubclass(value, BaseException) and value.__module__.startswith(errors.__name__)
}
MODELS = {
    name: value
    for name, value in inspect.getmembers(models, inspect.isclass)
    if value.__module__.startswith(models.__name__) and not name.startswith("_")
}
STATUS = UploadStatus(
    state=UploadState.FAILED,
    status="Failed",
    progress_bytes=5,
    file_size_bytes=62,
    progress=8.0,
    rid="A4",
    reason="too large",
    raw={"status": "Failed", "deep": [{"a": None}]},
)
ASSET = Asset(
    rid="A4",
    id=1000001,
    type="video",
    filename="cat.mp4",
    caption="Cat",
    tags=("car", "new"),
    filesize=62,
    uploaded=datetime(2025, 2, 24, 9, 16, tzinfo=UTC),
    extra={"codec": ["h264"]},
)
GALLERY = Gallery(
    fid="A4", name="Cats", upload_url="https://up.example/post.jpg?hash=CANARY-CAPABILITY", tags=("a",), extra={"a": 1}
)
HOOK = Webhook(
    hook_url="https://app.example/?secret=CANARY-SIGNATURE", events=("asset.*",), security_key="CANARY-CAPABILITY"
)
# One of each class, with every attribute set to something that is not its default.
ERROR_SAMPLES: list[CincopaError] = [
    CincopaError("a", 2, None, "four", 5),
    *(
        kind(400, "no", "asset.list", "body", maybe_applied=True)
        for kind in (APIError, AuthenticationError, PermissionDeniedError, NotFoundError)
    ),
    *(
        kind(503, "no", "asset.list", "body", retry_after=7.5, maybe_applied=True)
        for kind in (RateLimitError, ServerError)
    ),
    ResponseDecodeError("asset.list", "no object", "body", "42", maybe_applied=True),
    *(kind("asset.list", "reset", maybe_applied=True) for kind in (TransportError, RequestTimeoutError)),
    FileChangedError("cat.mp4", maybe_applied=True),
    ClientClosedError("closed for the night"),
    *(kind("A4", "syncing", maybe_applied=True) for kind in (AssetNotReadyError, AssetTimeoutError)),
    AssetNotDescribedError("A4", "no"),
    BatchHaltedError("the token is refused"),
    WebhookDecodeError("no object"),
    WebhookDroppedError("asset.uploaded", "A4"),
    LeaseLostError("42"),
    *(
        kind("42", STATUS)
        for kind in (UploadError, UploadFailedError, UploadAbortedError, UploadTimeoutError, UploadUnknownError)
    ),
]
MODEL_SAMPLES: list[Any] = [
    Account(accid="A4", accid_num=7, permissions="|asset.*|", extra={"plan": {"name": "pro"}}),
    ASSET,
    AssetPage(items=(ASSET,), page=1, items_per_page=50, items_count=1, pages_count=1, extra={"a": 1}),
    CreatedGallery(fid="A4", extra={"a": 1}),
    GALLERY,
    GalleryArchive(url="https://x.example/a.zip?key=CANARY-CAPABILITY", extra={"a": 1}),
    GalleryPage(items=(GALLERY,), page=1, tag_cloud={"a": 1, "b": None}, workspace="W1", extra={"a": 1}),
    LiveStream(rid="L1", name="cats", extra={"a": 1}),
    LiveList(streams=(LiveStream(rid="L1"),), extra={"a": 1}),
    Page(items=(1, "two"), page=1, extra={"a": 1}),
    Portal(name="cats", status="active", extra={"a": 1}),
    PortalList(portals=(Portal(name="cats"),), extra={"a": 1}),
    StartedUpload(status_id="42", extra={"a": 1}),
    TagList(tags={"car": 2, "new": None}, extra={"a": 1}),
    TemporaryToken(value="CANARY-TEMPORARY", extra={"ttl": 600}),
    UploadToken(value="CANARY-TEMPORARY", extra={"ttl": 600}),
    UploadResult(rid="A4", status=STATUS),
    UploadState.ABORTED,
    STATUS,
    UploadURL(upload_url="https://up.example/post.jpg?hash=CANARY-CAPABILITY", extra={"a": 1}),
    HOOK,
    WebhookList(webhooks=(HOOK,), extra={"a": 1}),
]
WITHOUT_A_CALL = {BatchHaltedError, CincopaError, ClientClosedError, WebhookDecodeError, WebhookDroppedError}
"""Nothing was sent that could have been acted on."""
BARE: list[CincopaError] = [
    CincopaError(),
    APIError(400, "no", "asset.list"),
    RateLimitError(429, "no", "asset.list"),
    ServerError(500, "no", "asset.list"),
    ResponseDecodeError("asset.list", "no object"),
    TransportError("asset.list", "reset"),
    RequestTimeoutError("asset.list", "late"),
    ClientClosedError(),
    AssetNotReadyError("A4"),
    WebhookDroppedError(None),
    UploadError(None),
    UploadFailedError("42"),
    UploadTimeoutError("42"),
]
COPIES: list[Callable[[Any], Any]] = [
    copy.copy,
    copy.deepcopy,
    *(
        lambda value, protocol=protocol: pickle.loads(pickle.dumps(value, protocol))
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
    ),
]


def held(error: CincopaError) -> dict[str, Any]:
    """All that an error holds, and says."""
    attributes = {name: getattr(error, name, None) for name in dir(error) if not name.startswith("_")}
    return {
        **{name: value for name, value in attributes.items() if not callable(value)},
        "text": str(error),
        "repr": repr(error),
    }


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_has_a_sample_here(name: str) -> None:
    """A class that is added is pickled and copied by these tests too."""
    assert any(type(sample) is ERRORS[name] for sample in ERROR_SAMPLES)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_has_a_sample_here(name: str) -> None:
    """A class that is added is pickled and copied by these tests too."""
    assert any(type(sample) is MODELS[name] for sample in MODEL_SAMPLES)


@pytest.mark.parametrize("duplicate", COPIES)
@pytest.mark.parametrize("error", [*ERROR_SAMPLES, *BARE], ids=lambda error: type(error).__name__)
def test_error_survives_copies(error: CincopaError, duplicate: Callable[[Any], Any]) -> None:
    """Workers send errors between processes: type, arguments, attributes and text stay the same."""
    again = duplicate(error)

    assert type(again) is type(error)
    assert again is not error
    assert again.args == error.args
    assert vars(again) == vars(error)
    assert held(again) == held(error)


def test_error_is_rebuilt_from_its_arguments() -> None:
    """They stand in `args`, as Python's own errors have them."""
    assert CincopaError(1, 2, 3, 4, 5).args == (1, 2, 3, 4, 5)
    assert APIError(400, "no", "ping").args == (400, "no", "ping", None)
    assert ResponseDecodeError("ping", "no", "body", "42").args == ("ping", "no", "body", "42")
    assert RequestTimeoutError("ping", "late").args == ("ping", "late")
    assert UploadTimeoutError("42", STATUS).args == ("42", STATUS)


def test_samples_hold_something_in_every_attribute() -> None:
    """A test of copies proves nothing for an attribute that is at its default."""
    for error in ERROR_SAMPLES:
        for base in type(error).__mro__:
            for name in inspect.get_annotations(base):
                if base.__module__.startswith(errors.__name__):
                    assert getattr(error, name) not in (None, False) or type(error) in WITHOUT_A_CALL


@pytest.mark.parametrize("duplicate", COPIES)
@pytest.mark.parametrize("model", MODEL_SAMPLES, ids=lambda model: type(model).__name__)
def test_model_survives_copies(model: Any, duplicate: Callable[[Any], Any]) -> None:
    """All fields stay the same, those that do not show too."""
    again = duplicate(model)

    assert type(again) is type(model)
    assert again == model
    assert repr(again) == repr(model)
    if has(type(model)):
        assert asdict(again) == asdict(model)


@pytest.mark.parametrize("model", MODEL_SAMPLES, ids=lambda model: type(model).__name__)
def test_models_are_frozen_and_show_no_secret(model: Any) -> None:
    """An answer is a value; tokens and upload URLs stand in no repr, nor does what is kept beyond the fields."""
    if has(type(model)):
        with pytest.raises(AttributeError):
            setattr(model, next(iter(asdict(model))), None)
        with pytest.raises(AttributeError):
            model.new = 1

    assert "CANARY" not in repr(model)
    assert "extra" not in repr(model)
    assert "raw" not in repr(model)


def test_status_compares_by_what_it_says() -> None:
    """What else the answer held, its running time for instance, makes no change that anyone watches for."""
    assert UploadStatus(status="x", raw={"runtime": 1}) == UploadStatus(status="x", raw={"runtime": 2})
    assert UploadStatus(status="x", progress_bytes=1) != UploadStatus(status="x", progress_bytes=2)


def test_tree_of_the_docstring_is_the_tree_of_the_classes() -> None:
    """Name by name and branch by branch: what users read is what they can catch."""
    drawn: dict[str, str] = {}
    path: list[str] = []
    for branch, name in re.findall(r"^ {4}([│├└─ ]*)(\w+Error)\b", errors.__doc__ or "", re.MULTILINE):
        path[len(branch) // 4 :] = [name]
        drawn[name] = path[-2] if branch else "Exception"

    assert drawn == {name: kind.__bases__[0].__name__ for name, kind in ERRORS.items()}


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_is_caught_by_the_base(name: str) -> None:
    """`except CincopaError` misses none, and none is a ValueError or an OSError but the timeouts."""
    kind = ERRORS[name]

    assert issubclass(kind, CincopaError)
    assert issubclass(kind, OSError) is issubclass(kind, TimeoutError) is name.endswith("TimeoutError")
    assert not issubclass(kind, ValueError)
    assert inspect.getdoc(kind)


@pytest.mark.parametrize(
    "error",
    [RequestTimeoutError("asset.list", "late"), UploadTimeoutError("42", STATUS), AssetTimeoutError("A4", "syncing")],
    ids=["call", "upload", "asset"],
)
def test_timeouts_are_the_builtin_ones_too(error: TimeoutError) -> None:
    """Code that awaits with `asyncio.timeout` has one clause for all."""
    with pytest.raises(TimeoutError):
        raise error

    assert error.errno is None
    assert error.filename is None
    assert error.strerror is None


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (APIError(400, "no", "asset.list"), "asset.list: no (HTTP 400)"),
        (RateLimitError(429, "slow down", "ping", retry_after=3), "ping: slow down (HTTP 429)"),
        (ResponseDecodeError("ping", "no object"), "ping: no object"),
        (ResponseDecodeError("x.y", "no object", "body", "42"), "x.y: no object (upload 42)"),
        (TransportError("ping", "reset"), "ping: reset"),
        (RequestTimeoutError("ping", "late"), "ping: late"),
        (
            ClientClosedError(),
            "this CincopaClient is closed; make a new one, or keep it open while calls are made",
        ),
        (AssetNotReadyError("A4", "failed"), "asset A4 is not ready; its syncstatus: failed"),
        (AssetTimeoutError("A4"), "asset A4 is not ready; its syncstatus: not told"),
        (LeaseLostError("42"), "the store's item is another worker's by now (upload 42)"),
        (LeaseLostError(), "the store's item is another worker's by now"),
        (UploadError("42"), "upload 42 did not end well; its state could not be asked"),
        (UploadError("42", STATUS), "upload 42 did not end well; last known state: failed"),
        (UploadFailedError("42", STATUS), "upload 42 failed: too large"),
        (UploadFailedError("42"), "upload 42 failed: Cincopa gives no reason"),
        (UploadAbortedError("42", STATUS), "upload 42 was aborted; last known state: failed"),
        (UploadTimeoutError("42"), "upload 42 took too long; its state could not be asked"),
        (UploadUnknownError(None), "upload None may or may not have been started; its state could not be asked"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, CincopaError) else "",
)
def test_error_says_what_happened(error: CincopaError, text: str) -> None:
    """Which call or upload, what went wrong, and what is known of it."""
    assert str(error) == text
    assert text in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("error", ERROR_SAMPLES, ids=lambda error: type(error).__name__)
def test_text_of_an_error_does_not_hold_the_body(error: CincopaError) -> None:
    """A body is for who looks for it, not for every log line."""
    assert "body" not in str(error)


def test_error_of_an_upload_says_that_it_may_have_been_started() -> None:
    """There is an upload, so a write was done."""
    assert UploadError("42").maybe_applied
    assert not CincopaError().maybe_applied
    assert UploadFailedError("42", STATUS).reason == "too large"
    assert UploadFailedError("42").reason is None
