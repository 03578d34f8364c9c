"""A chart of lines as SVG, drawn by hand: it takes no more than this, and no library to read or to install."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

WIDTH, HEIGHT = 760, 380
LEFT, RIGHT, TOP, BOTTOM = 56, 170, 44, 36
STEP = 400
COLOURS = ["#d6336c", "#1c7ed6", "#4dabf7", "#2f9e44", "#868e96", "#e8590c", "#9c36b5"]
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#495057}.title{font-size:14px;font-weight:600}"
    "@media(prefers-color-scheme:dark){text{fill:#ced4da}}"
)


def lines(series: Mapping[str, Sequence[float | None]], places: Sequence[str]) -> str:
    """One line a series, over evenly spaced places; a series ends where a figure is None."""
    highest = STEP * math.ceil(max(figure or 0.0 for figures in series.values() for figure in figures) / STEP)
    body = [_grid(places, highest)]
    labels: list[tuple[float, float, str, str]] = []
    for (name, figures), colour in zip(series.items(), COLOURS, strict=False):
        points = []
        for place, figure in enumerate(figures):
            if figure is None:
                break
            points.append((_x(place, len(places)), _y(figure / highest)))
        path = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
        width = 3 if not labels else 1.5
        body.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>')
        body += [f'<circle cx="{x:.0f}" cy="{y:.0f}" r="3" fill="{colour}"/>' for x, y in points]
        ended = "" if len(points) == len(places) else f" (does not end at {places[len(points)]})"
        labels.append((*points[-1], f"{name}{ended}", colour))
    body += _labels(labels)
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    title = "CPU microseconds a call, by the number of tasks that call at once"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{title}">'
        f'<style>{STYLE}</style><text x="{LEFT}" y="22" class="title">{title}</text>{"".join(body)}</svg>\n'
    )


def _x(place: int, places: int) -> float:
    return LEFT + place * (WIDTH - LEFT - RIGHT) / (places - 1)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _grid(places: Sequence[str], highest: int) -> str:
    heights = {figure: _y(figure / highest) for figure in range(0, highest + 1, STEP)}
    rows = [
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.0f}" y2="{y:.0f}" stroke="#8888" stroke-width=".5"/>'
        f'<text x="{LEFT - 8}" y="{y + 4:.0f}" text-anchor="end">{figure:,}</text>'
        for figure, y in heights.items()
    ]
    columns = [
        f'<text x="{_x(place, len(places)):.0f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{label}</text>'
        for place, label in enumerate(places)
    ]
    return "".join([*rows, *columns])


def _labels(labels: list[tuple[float, float, str, str]]) -> list[str]:
    """A label beside the end of each line, pushed down where two would stand in one place."""
    drawn: list[str] = []
    taken: list[tuple[float, float]] = []
    for x, y, name, colour in sorted(labels, key=lambda label: label[1]):
        place = y
        while any(abs(place - other) < 14 and abs(x - at) < 150 for at, other in taken):
            place += 1
        taken.append((x, place))
        drawn.append(f'<text x="{x + 8:.0f}" y="{place + 4:.0f}" style="fill:{colour}">{name}</text>')
    return drawn
