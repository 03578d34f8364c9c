"""What a call of a trial was answered, refusals too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cincopa_async.errors import APIError, AuthenticationError, PermissionDeniedError

from ._shapes import field_at
from ._unseen import UnseenError

TEXTS: Final = ("message", "error", "more")
"""Where the text of a failure is looked for."""
UNREACHED: Final = (502, 503, 504)
"""What a proxy answers in the place of the service."""
_SAYS_NOTHING: Final = {
    405: "it goes by another method",
    429: "there were too many calls",
    **dict.fromkeys(UNREACHED, "the service was not reached"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a call was answered: a JSON object, refusals too; or a page."""

    call: str
    status: int
    body: Mapping[str, Any]
    error: APIError | None = None
    """What the client takes it for, where that is a refusal."""
    page: str | None = None
    """What came in the place of a JSON object; empty where nothing came."""

    def __getitem__(self, path: str) -> Any:
        """Return a field by its path; UnseenError where it is not there, or the call was refused."""
        if self.error is not None:
            raise self.unseen
        value = field_at(self.body, path)
        if value is None:
            raise UnseenError(f"{self.call} answered no {path}")
        return value

    @property
    def unseen(self) -> UnseenError:
        """What to raise where a refusal lets nothing be seen of what the call is for."""
        return UnseenError(f"{self.call} was refused: {type(self.error).__name__}, HTTP {self.status}")

    @property
    def refused(self) -> bool:
        """Whether what was asked for was not processed; UnseenError where the refusal is about something else."""
        self.heard()
        if isinstance(self.error, AuthenticationError | PermissionDeniedError):
            raise UnseenError(f"the token may not make {self.call}")
        return self.error is not None

    def heard(self) -> None:
        """Raise UnseenError where nobody may have looked at what the call asks for."""
        if self.error is not None and self.status in _SAYS_NOTHING:
            raise UnseenError(f"{self.call} was refused: {_SAYS_NOTHING[self.status]}")
        if self.page == "":
            raise UnseenError(f"{self.call} was answered with nothing")

    def text(self) -> tuple[str, str]:
        """Return the text of a failure, after the field that it stands in; both are empty where there is none."""
        # Of what was refused any text is the reason; of what was answered one cannot know.
        fields = [*TEXTS, *self.body] if self.error is not None else TEXTS
        texts = ((name, self.body.get(name)) for name in fields)
        return next(((name, text) for name, text in texts if isinstance(text, str) and text), ("", ""))
