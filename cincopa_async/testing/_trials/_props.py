"""The props of a run: a few galleries and assets that are made once, when a trial first asks for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from cincopa_async.errors import CincopaError

from ._stage import FILES
from ._unseen import UnseenError

if TYPE_CHECKING:
    from ._trial import Trial


class Props:
    """Galleries and assets by the names that trials give them; what could not be made once is not tried again."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._made: dict[str, str] = {}
        self._failures: dict[str, str] = {}

    async def gallery(self, about: str = "shelf") -> str:
        """Return the fid of a gallery."""
        return await self._once(about, self._gallery)

    async def asset(self, file_name: str) -> str:
        """Return the rid of an asset that lies on the shelf."""
        return await self._once(file_name, self._asset)

    async def _once(self, name: str, make: Callable[[str], Awaitable[str]]) -> str:
        if name not in self._made and name not in self._failures:
            try:
                self._made[name] = await make(name)
            except (UnseenError, CincopaError) as error:
                reason = str(error) if isinstance(error, UnseenError) else self._trial.reason_of(error)
                self._failures[name] = f"what it is tried on could not be made: {reason}"
        if name in self._failures:
            raise UnseenError(self._failures[name])
        return self._made[name]

    async def _gallery(self, about: str) -> str:
        trial, stage = self._trial, self._trial.stage
        await stage.home()
        answer = await trial.do("gallery.create", name=stage.name(about), description=stage.description)
        fid = answer.body.get("fid")
        if not isinstance(fid, str):
            # It is made, and can be found by its name.
            named = await trial.items("gallery.list", search=stage.name(about))
            fid = next((one.get("fid") for one in named if one.get("name") == stage.name(about)), None)
        if not isinstance(fid, str):
            raise UnseenError("gallery.create told no fid, and no gallery of that name was found")
        stage.made_gallery(fid)
        return fid

    async def _asset(self, file_name: str) -> str:
        try:
            fid = await self.gallery()
        except UnseenError:
            fid = None
        return await self._trial.stage.asset(file_name, FILES[file_name], fid=fid)
