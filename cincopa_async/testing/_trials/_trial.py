"""One run against a service: how its calls are made, and what of their answers is noted as they come."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve

from cincopa_async._calls import Call, Param, named
from cincopa_async._codec import json_object
from cincopa_async.errors import APIError, CincopaError, ResponseDecodeError
from cincopa_async.testing._contract import Contract, Value, facts

from ._answer import Answer
from ._findings import Findings
from ._props import Props
from ._shapes import runtime_shape, shapes
from ._stage import Stage
from ._unseen import UnseenError

if TYPE_CHECKING:
    from cincopa_async import CincopaClient
    from cincopa_async._base import BaseClient

    from ._listener import Hook

_FACTS = Contract()  # As it is believed: trials send what the client sends.
# What a failed upload is told by counts as an answer, whatever `success` says.
_ANSWERED_BY = {"asset.upload_from_url_get_status": "status"}
_PLACES: Final = ("items", "galleries", "folder.items")


async def _abort(client: BaseClient, started: dict[str, Any]) -> None:
    """Abort what a call that was cancelled in flight has started: nobody else knows of it."""
    await client.asset.upload_from_url_abort(started["status_id"])


_UNDO = {"asset.upload_from_url": _abort}


class Trial:
    """
    Makes calls, and notes the facts that every answer shows: the method, the fields, and the forms of their values.

    Each call is sent once: what a resend would hide is to be seen.
    """

    def __init__(
        self,
        client: CincopaClient,
        findings: Findings,
        stage: Stage,
        *,
        source: str | None = None,
        hook: Hook | None = None,
    ) -> None:
        self.client = client
        self.findings = findings
        self.stage = stage
        self.source = source
        """The URL of a small file, where one was given."""
        self.hook = hook
        """Where events can be received, if anywhere."""
        self.props = Props(self)
        """What is made once, and looked at by many."""

    async def call(self, name: str, /, *, token: str | None = None, **params: Param) -> Answer:
        """Make a call as the client does, with the method of the contract."""
        answer = await self.probe(name, token=token, **params)
        if answer.error is None and answer.page is None:
            self._note_body(answer)
        return answer

    async def do(self, name: str, /, **params: Param) -> Answer:
        """Make a call without which the trial cannot go on; UnseenError where it is refused."""
        answer = await self.call(name, token=None, **params)
        if answer.refused:
            raise answer.unseen
        return answer

    async def items(self, name: str, /, **params: Param) -> list[Mapping[str, Any]]:
        """Make a call that lists, and return what it lists."""
        return self.listed(await self.do(name, **params))

    async def probe(self, name: str, /, *, token: str | None = None, **params: Param) -> Answer:
        """Make a call that is out of the ordinary, or to be refused: its fields show nothing of the call's."""
        method: Any = _FACTS.call(name).method
        call: Call[Any] = evolve(
            named(name, method, "write", params), token=token, answered_by=_ANSWERED_BY.get(name), undo=_UNDO.get(name)
        )
        return await self._answered(call)

    async def page(self, name: str, /, **params: Param) -> Answer:
        """Make a call that answers a page."""
        method: Any = _FACTS.call(name).method
        return await self._answered(Call(name=name, method=method, params=params, safety="write", result=str))

    def listed(self, answer: Answer) -> list[Mapping[str, Any]]:
        """Return what an answer lists, wherever that stands."""
        place, found = _list_of(answer)
        if answer.call == "gallery.get_items":
            self.saw("gallery.get_items.place", place)
        return found

    def saw(self, id: str, value: Value, evidence: str = "") -> None:
        """Note what a fact is."""
        self.findings.saw(id, value, evidence)

    def taken(self, id: str, taken: bool, evidence: str = "") -> None:  # noqa: FBT001 - it is what was seen
        """Note whether a parameter did what it is for."""
        self.saw(id, "taken" if taken else "ignored", evidence)

    def filtered(self, id: str, found: Collection[str], *, one: str, wrong: Collection[str]) -> None:
        """Note whether a filter was taken that finds `one`, and nothing of what is `wrong`."""
        if wrong:
            self.saw(id, "ignored", f"{len(wrong)} of {len(found)} found do not match")
        elif one in found:
            self.saw(id, "taken", f"{len(found)} found, all match")
        else:
            raise UnseenError("what was looked for was not found")

    @contextmanager
    def about(self, *patterns: str) -> Iterator[None]:
        """Say that a block looks at these facts: where it cannot go on, they were not seen, and the next follows."""
        try:
            yield
        except UnseenError as unseen:
            self.findings.missed(_matching(patterns), str(unseen))
        except CincopaError as error:
            self.findings.missed(_matching(patterns), self.reason_of(error))

    def reason_of(self, error: CincopaError) -> str:
        """Say why something was not seen, by an error of any call; what that shows of the call is noted."""
        if isinstance(error, APIError):
            self._note_method(error.call, error.status_code)
        return f"{type(error).__name__} in the midst of it"

    async def _answered(self, call: Call[Any]) -> Answer:
        try:
            found = await self.client.send(call)
        except APIError as error:
            answer = Answer(call=call.name, status=error.status_code, body=_object(error.body), error=error)
        except ResponseDecodeError as error:
            # Another kind of answer than asked for: an object for a page, nothing for an object.
            if call.result is not str and error.body:
                raise
            body = _object(error.body)
            answer = Answer(call=call.name, status=200, body=body, page=None if body else error.body or "")
        else:
            is_page = isinstance(found, str)
            answer = Answer(call=call.name, status=200, body={} if is_page else found, page=found if is_page else None)
        self._note_method(answer.call, answer.status)
        return answer

    def _note_method(self, call: str, status: int) -> None:
        fact = facts()[f"{call}.method"]
        if status == 405:
            self.saw(fact.id, fact.bent[0], "HTTP 405")
        elif status != 404 and status < 500:  # 404 may be about what was asked for.
            self.saw(fact.id, fact.value, f"HTTP {status}")

    def _note_body(self, answer: Answer) -> None:
        self.saw("answers.success", "true" if str(answer.body.get("success")).lower() == "true" else "missing")
        self.saw("answers.runtime", runtime_shape(answer.body.get("runtime")))
        for id, path in _fields().get(answer.call, ()):
            present = _present(answer.body, path)
            if present is not None:
                self.saw(id, "there" if present else "missing", f"of {answer.call}")
        for id, value, field in shapes(answer.body):
            self.saw(id, value, f"{field} of {answer.call}")


def _list_of(answer: Answer) -> tuple[str, list[Mapping[str, Any]]]:
    """Find the list in an answer: after its place, what is on it."""
    others = [name for name, value in answer.body.items() if isinstance(value, list) and name not in _PLACES]
    for place in [*_PLACES, *others]:
        try:
            found = answer[place]
        except UnseenError:
            continue
        if isinstance(found, list) and all(isinstance(item, Mapping) for item in found):
            return place, found
    raise UnseenError(f"{answer.call} answered no list")


@cache
def _fields() -> Mapping[str, Sequence[tuple[str, Sequence[str]]]]:
    """Return the facts of what each call answers, as ids and paths."""
    known: dict[str, list[tuple[str, Sequence[str]]]] = {}
    for fact in facts().values():
        if fact.kind == "answers" and fact.call is not None:
            known.setdefault(fact.call, []).append((fact.id, fact.name.split(".")))
    return MappingProxyType(known)


def _object(text: str | None) -> Mapping[str, Any]:
    return json_object((text or "").encode()) or {}


def _matching(patterns: Sequence[str]) -> list[str]:
    return [id for id in facts() if any(fnmatchcase(id, pattern) for pattern in patterns)]


def _present(value: Any, path: Sequence[str]) -> bool | None:
    """Say whether a field is there; None where what it would stand in is not, or is an empty list."""
    if not isinstance(value, Mapping):
        return None
    name, *rest = path
    if not rest:
        return name in value
    inner = value.get(name)
    if isinstance(inner, list):
        found = [_present(entry, rest) for entry in inner]
        return None if not found else all(found)
    return _present(inner, rest)
