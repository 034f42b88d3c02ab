"""A few shapes in a coordinate system, as inline SVG; colours come from the page's style sheet: dark mode works."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from markupsafe import Markup, escape

WIDTH, HEIGHT = 460, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 14, 14, 44
WIDE_TICK = 40  # from the right edge, within which a date would stick out
SERIES = 6  # colours in the style sheet

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map from values to places in the picture, with round ticks."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the place of `value`, kept inside the picture."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def ticks(self, wanted: int = 5) -> list[float]:
        """Return round values, about `wanted` of them, that lie on the scale."""
        raw = (self.high - self.low) / wanted
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(number * step, 12) for number in range(first, last + 1)]


@dataclass(slots=True)
class Chart:
    """A coordinate system to draw into.

    Parameters
    ----------
    title : str
        What is to be seen, for those who cannot see it.
    x, y : (low, high)
        Ranges of the axes; widened where they are empty.
    x_names : sequence of str, optional
        Names of the places 0, 1, ... on the x axis, instead of numbers.
    """

    title: str
    x: Point
    y: Point
    x_label: str = ""
    y_label: str = ""
    x_names: Sequence[str] = ()
    dates: bool = False  # the x values are seconds since 1970
    _shapes: list[str] = field(default_factory=list)
    _legend: list[tuple[str, int]] = field(default_factory=list)

    @property
    def x_scale(self) -> Scale:
        """Where x values lie."""
        return Scale(*widened(*self.x), LEFT, WIDTH - RIGHT)

    @property
    def y_scale(self) -> Scale:
        """Where y values lie; up is more."""
        return Scale(*widened(*self.y), HEIGHT - BOTTOM, TOP)

    def line(self, points: Iterable[Point], series: int = 0, *, name: str = "", kind: str = "line") -> None:
        """Draw a line through `points`; with a `name` it gets an entry in the legend."""
        self._shapes.append(f'<polyline class="{kind} s{series % SERIES}" points="{self._path(points)}"/>')
        if name:
            self._legend.append((name, series % SERIES))

    def band(self, lower: Sequence[Point], upper: Sequence[Point], series: int = 0) -> None:
        """Fill what lies between two lines."""
        path = self._path([*lower, *reversed(upper)])
        self._shapes.append(f'<polygon class="band s{series % SERIES}" points="{path}"/>')

    def dots(
        self, points: Iterable[Point], series: int = 0, *, radius: float = 3.0, notes: Sequence[str] = ()
    ) -> None:
        """Draw dots; a note shows when the pointer rests on its dot."""
        for number, (x, y) in enumerate(points):
            note = f"<title>{escape(notes[number])}</title>" if notes else ""
            place = f'cx="{self.x_scale(x):.1f}" cy="{self.y_scale(y):.1f}" r="{radius}"'
            self._shapes.append(f'<circle class="dot s{series % SERIES}" {place}>{note}</circle>')

    def bars(self, edges: Sequence[float], heights: Sequence[float], series: int = 0) -> None:
        """Draw the bars of a histogram."""
        floor = self.y_scale(0)
        for left, right, height in zip(edges[:-1], edges[1:], heights, strict=True):
            x, top = self.x_scale(left), self.y_scale(height)
            width = max(self.x_scale(right) - x - 1, 0.5)
            box = f'x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" height="{floor - top:.1f}"'
            self._shapes.append(f'<rect class="bar s{series % SERIES}" {box}/>')

    def errors(self, x: float, low: float, high: float, series: int = 0) -> None:
        """Draw an error bar."""
        place = f'x1="{self.x_scale(x):.1f}" x2="{self.x_scale(x):.1f}"'
        self._shapes.append(
            f'<line class="line s{series % SERIES}" {place} '
            f'y1="{self.y_scale(low):.1f}" y2="{self.y_scale(high):.1f}"/>'
        )

    def markup(self) -> Markup:
        """Return the picture, and its legend below it."""
        picture = (
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(self.title)}">'
            f"{self._grid()}{''.join(self._shapes)}</svg>"
        )
        keys = "".join(
            f'<span class="key"><i class="s{series}"></i>{escape(name)}</span>' for name, series in self._legend
        )
        return Markup(picture + (f'<div class="legend">{keys}</div>' if keys else ""))

    def _path(self, points: Iterable[Point]) -> str:
        return " ".join(f"{self.x_scale(x):.1f},{self.y_scale(y):.1f}" for x, y in points)

    def _grid(self) -> str:
        parts = []
        for value in self.y_scale.ticks():
            y = self.y_scale(value)
            parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(_text(LEFT - 7, y + 4, number_label(value), "end"))
        for value, name in self._x_ticks():
            x = self.x_scale(value)
            anchor = "end" if self.dates and x > WIDTH - WIDE_TICK else "middle"
            parts.append(_text(WIDTH - 2 if anchor == "end" else x, HEIGHT - BOTTOM + 17, name, anchor))
        parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, self.x_label, "middle", "label"))
        middle = (TOP + HEIGHT - BOTTOM) / 2
        parts.append(
            f'<text class="label" text-anchor="middle" transform="translate(13 {middle:.0f}) rotate(-90)">'
            f"{escape(self.y_label)}</text>"
        )
        return "".join(parts)

    def _x_ticks(self) -> list[tuple[float, str]]:
        if self.x_names:
            room = max(4, int(72 / len(self.x_names)))
            return [(float(place), shortened(name, room)) for place, name in enumerate(self.x_names)]
        wanted = 4 if self.dates else 5
        return [(value, _date(value) if self.dates else number_label(value)) for value in self.x_scale.ticks(wanted)]


def widened(low: float, high: float) -> Point:
    """Return a range that is not empty."""
    if high > low:
        return low, high
    margin = abs(low) * 0.05 or 0.5
    return low - margin, high + margin


def padded(values: Iterable[float], share: float = 0.05) -> Point:
    """Return the range of `values` with a margin; 0 to 1 if there are none."""
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return 0.0, 1.0
    low, high = widened(min(known), max(known))
    margin = share * (high - low)
    return low - margin, high + margin


def number_label(value: float) -> str:
    """Return a short text of a number on an axis."""
    if value == 0:
        return "0"
    size = abs(value)
    for limit, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if size >= limit:
            divisor = 1e3 if unit == "k" else limit
            return f"{value / divisor:.3g}{unit}" if size < 1e15 else f"{value:.1e}"
    return f"{value:.4g}"


def shortened(text: str, room: int) -> str:
    """Return `text`, cut with an ellipsis if it is longer than `room`."""
    return text if len(text) <= room else text[: max(room - 1, 1)] + "…"


def _date(seconds: float) -> str:
    return str(np.datetime64(round(seconds), "s").astype("datetime64[D]"))


def _text(x: float, y: float, text: str, anchor: str, kind: str = "tick") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
