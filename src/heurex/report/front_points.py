"""What the quality-versus-compute figure shows, on paper and on the page: points, lines and the frame they need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10
from typing import Any, Final

from heurex.report.style import BLACK, BLUE, GREEN, GREY, VERMILLION

__all__ = ["KINDS", "Frame", "Kind", "Point", "describe", "families", "frame_of", "front_steps", "points_of"]


@dataclass(frozen=True)
class Kind:
    """How a kind of method is drawn; colours are Okabe and Ito's, and no two kinds share a shape."""

    title: str
    colour: str
    marker: str
    symbol: str
    size: float


KINDS: Final = {
    "explanation": Kind("explanation", BLUE, "o", "circle", 7.5),
    "quadrature": Kind("quadrature, no explanation", GREEN, "D", "diamond", 6.5),
    "exact": Kind("exact algorithm", BLACK, "*", "star", 12),
    "external": Kind("your own", VERMILLION, "^", "triangle-up", 7.5),
    "sampling": Kind("sampling, as measured", GREY, "s", "square", 4.5),
}


@dataclass(frozen=True)
class Point:
    """A method in the figure.

    Attributes
    ----------
    text, short
        Its name for people, and the number that tells it from its family's other members, if it has some.
    kind
        Kind of the method.
    family
        Methods that differ in numbers only share it.
    ops, rmse, low, high
        Mean operations, RMS error (0 where it is exact) and the interval of the latter, as fractions.
    row
        Everything else.
    """

    text: str
    short: str
    kind: str
    family: str
    ops: float
    rmse: float
    low: float
    high: float
    row: dict[str, Any]

    @property
    def is_plain_sampling(self) -> bool:
        """Whether it is a point of the line that is drawn anyway."""
        return self.row["sampling_family"] == "sampling"

    @property
    def family_text(self) -> str:
        """A way of sampling without its size."""
        return _for_people(self.row["sampling_family"] or self.row["label"])


@dataclass(frozen=True)
class Frame:
    """The limits of the figure: operations, RMS error, and the level at which errors of 0 are drawn."""

    left: float
    right: float
    bottom: float
    top: float
    least: float

    @property
    def zero(self) -> float:
        """The height of points without error: the middle of the band below the least error that is drawn."""
        return (self.bottom * self.least) ** 0.5


def models_of(count: int) -> str:
    """So many models."""
    return "1 model" if count == 1 else f"{count:,} models"


def points_of(record: dict[str, Any], group: dict[str, Any]) -> list[Point]:
    """The methods of one size that cost something and cover some model."""
    size = (group["hidden_size"], group["seq_len"])
    found: list[Point] = []
    for row in record["rows"]:
        if (row["hidden_size"], row["seq_len"]) != size or not row["covered"] or not row["ops"]:
            continue
        settings = {} if row["kind"] == "external" else row["settings"]
        if row["kind"] == "sampling":
            settings = {"way": row["sampling_family"], "samples": settings.get("samples", 0)}
        numbers = [
            v
            for k, v in settings.items()
            if isinstance(v, (int, float)) and not isinstance(v, bool) and k != "seed"
        ]
        rest = {k: v for k, v in settings.items() if not isinstance(v, (int, float)) or isinstance(v, bool)}
        family = f"{row['estimator']} {sorted(rest.items(), key=str)}"
        low, high = row["rmse_interval"]
        text = _for_people(row["label"])
        found.append(
            Point(
                text,
                ", ".join(f"{v:,}" for v in numbers),
                row["kind"],
                family,
                row["ops"],
                row["rmse"],
                low,
                high,
                row,
            )
        )
    return found


def _for_people(label: str) -> str:
    """``original?regions=signed&gates=exact`` as "original, regions signed, gates exact"."""
    name, mark, query = label.partition("?")
    if not mark:
        return name
    settings = [pair.replace("=", " ") for pair in query.split("&")]
    return settings[0] if settings[0].startswith(f"{name} ") else ", ".join([name, *settings])


def families(points: Sequence[Point]) -> list[list[Point]]:
    """Points by family, the cheapest first."""
    found: dict[str, list[Point]] = {}
    for point in points:
        found.setdefault(point.family, []).append(point)
    return [sorted(members, key=lambda point: point.ops) for members in found.values()]


def front_steps(points: Sequence[Point], key: str, right: float) -> list[tuple[float, float]]:
    """Corners of the staircase of what is reached at each budget, up to the right or to an error of 0."""
    on = sorted((point for point in points if point.row[key]), key=lambda point: point.ops)
    corners: list[tuple[float, float]] = []
    for point in on:
        if corners:
            corners.append((point.ops, corners[-1][1]))
        corners.append((point.ops, point.rmse))
    if corners and corners[-1][1] > 0:
        corners.append((right, corners[-1][1]))
    return corners


def frame_of(points: Sequence[Point], group: dict[str, Any]) -> Frame:
    """Limits that hold all points, sampling's line and the guesses, with a band at the bottom for errors of 0."""
    ops = [point.ops for point in points] or [100.0, 10_000.0]
    rmses = [point.rmse for point in points if point.rmse > 0]
    rmses += [guess["rmse"] for guess in group["guesses"] if guess["rmse"] > 0] or [0.1]
    least, top = min(rmses) / 2.2, max(rmses) * 1.8
    band = max(1.5, (top / least) ** 0.11)
    return Frame(min(ops) / 1.9, max(ops) * 1.9, least / band, top, least)


def describe(record: dict[str, Any], group: dict[str, Any]) -> tuple[str, str]:
    """The figure's title and the sentence below it."""
    asked = record["asked"]
    size = (group["hidden_size"], group["seq_len"])
    names = list(dict.fromkeys(m["name"] or "a model" for m in asked["models"] if (m["d"], m["n"]) == size))
    what = " and ".join(names) if len(names) <= 3 else f"{len(names)} models"
    if asked["sigma"] > 0:
        ensemble = f"{group['models']} noisy copies of {what}, sd {asked['sigma']:g}, seed {asked['seed']}"
    else:
        ensemble = models_of(group["models"]) if group["models"] > 1 else what
    sample = group["sample_ops"]
    return (
        f"Quality versus compute: {ensemble}",
        f"counted operations, {record['convention']}: {_prices(record['weights'])}; one sample's forward pass costs "
        f"{sample['convention']:,.6g}, or {sample['note']:,} by the note's count",
    )


def _prices(weights: dict[str, float]) -> str:
    words = {"add": "add", "mul": "multiply", "div": "divide", "sqrt": "square root", "atan2": "arctangent"}
    by_weight: dict[float, list[str]] = {}
    for kind, weight in weights.items():
        by_weight.setdefault(weight, []).append(words[kind])
    return "; ".join(f"{', '.join(kinds)} {weight:g}" for weight, kinds in by_weight.items())


def decades(low: float, high: float) -> list[float]:
    """Powers of ten between two numbers."""
    return [
        10.0**k
        for k in range(round(log10(low) + 0.5), round(log10(high) - 0.5) + 1)
        if low <= 10.0**k <= high
    ]
