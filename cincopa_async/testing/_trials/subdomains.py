"""Trials of portals and live streams, of which little is known: that they are listed, and asked for by name."""

from __future__ import annotations

from ._trial import Trial


async def listed(trial: Trial) -> None:
    """List both, and ask for a portal that nobody has."""
    with trial.about("portal.list.*"):
        await trial.do("portal.list")
    with trial.about("portal.check.*"):
        await trial.probe("portal.check", name=f"cincopa-async-{trial.stage.run}")
    with trial.about("live.list.*"):
        await trial.do("live.list")
