"""The quality-versus-compute figure as one page to explore: no network, no other file."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from heurex.report.front_points import (
    KINDS,
    Frame,
    Point,
    decades,
    describe,
    families,
    frame_of,
    front_steps,
    points_of,
)
from heurex.report.style import BAND, LINE_COLOUR, ORANGE, PINK, PINK_TEXT
from heurex.results import write_text

__all__ = ["write_front_page"]


def write_front_page(record: dict[str, Any], group: dict[str, Any], path: Path) -> str:
    """Write the interactive figure of the models of one size.

    Returns
    -------
    An empty text, or a sentence that says why there is no page (plotly, the extra ``page``, is not installed).
    """
    try:
        import plotly.graph_objects as go
        import plotly.io as pio
    except ImportError:
        return f"{path.name} was not written: plotly is not installed (pip install 'heurex[page]')"
    points = points_of(record, group)
    frame = frame_of(points, group)
    figure = go.Figure(
        [*_lines(go, points, frame, group), *_points(go, points, frame)], _layout(record, group, frame)
    )
    for guess in group["guesses"]:
        if guess["rmse"] > 0:
            text = f"guess at no cost: {guess['guess']}, {100 * guess['rmse']:.3g}%"
            figure.add_hline(
                guess["rmse"], line={"color": PINK, "dash": "dot", "width": 1.2}, annotation_text=text,
                annotation_position="top right", annotation_font={"color": PINK_TEXT, "size": 11},
            )  # fmt: skip
    page: str = pio.to_html(
        figure,
        include_plotlyjs=True,
        full_html=True,
        div_id="front",
        config={"displaylogo": False, "responsive": True},
    )
    title, _ = describe(record, group)
    write_text(page.replace("<head>", f"<head><title>{escape(title)}</title>", 1), path)
    return ""


def _lines(go: Any, points: list[Point], frame: Frame, group: dict[str, Any]) -> list[Any]:
    """Sampling's line and the fronts."""
    x = np.geomspace(frame.left, frame.right, 60)
    y = group["truth"]["rms_spread"] * np.sqrt(group["sample_ops"]["convention"] / x)
    kept = y > frame.least
    lines = [
        go.Scatter(
            x=x[kept].tolist(), y=y[kept].tolist(), mode="lines", name="plain sampling",
            line={"color": LINE_COLOUR, "width": 2},
            hovertemplate="sampling: %{y:.3%} for %{x:,.0f} operations<extra></extra>",
        )
    ]  # fmt: skip
    for key, name, line in (
        ("on_front", "front without sampling", {"color": ORANGE, "width": 3}),
        (
            "on_explanation_front",
            "front of explanations",
            {"color": KINDS["explanation"].colour, "width": 1.5, "dash": "dash"},
        ),
    ):
        corners = [(a, b or frame.zero) for a, b in front_steps(points, key, frame.right)]
        lines.append(
            go.Scatter(
                x=[a for a, _ in corners], y=[b for _, b in corners], mode="lines", name=name, line=line, opacity=0.8,
                hoverinfo="skip",
            )
        )  # fmt: skip
    return lines


def _points(go: Any, points: list[Point], frame: Frame) -> list[Any]:
    """One trace a family, one entry of the legend a kind."""
    traces: list[Any] = []
    named: set[str] = set()
    for members in families(points):
        kind = KINDS[members[0].kind]
        traces.append(
            go.Scatter(
                x=[p.ops for p in members],
                y=[p.rmse or frame.zero for p in members],
                mode="lines+markers" if len(members) > 1 and not members[0].is_plain_sampling else "markers",
                name=kind.title,
                legendgroup=kind.title,
                showlegend=kind.title not in named,
                marker={
                    "color": kind.colour,
                    "symbol": kind.symbol,
                    "size": kind.size + 3,
                    "line": {"color": "white", "width": 1},
                },
                line={"color": kind.colour, "width": 1},
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [p.high - p.rmse if p.rmse else 0 for p in members],
                    "arrayminus": [p.rmse - p.low if p.rmse else 0 for p in members],
                    "thickness": 1,
                    "width": 0,
                },
                text=[_hover(p) for p in members],
                hovertemplate="%{text}<extra></extra>",
            )
        )
        named.add(kind.title)
    return traces


def _hover(point: Point) -> str:
    row = point.row
    error = (
        "0 (exact)"
        if row["exact"]
        else f"{100 * row['rmse']:.4g}% ({100 * point.low:.3g} to {100 * point.high:.3g})"
    )
    lines = [
        f"<b>{escape(point.text)}</b> ({KINDS[point.kind].title})",
        f"RMS error {error}",
        f"bias {100 * row['bias']:+.3g}%",
    ]
    if np.isfinite(row["correlation"]):
        lines.append(f"correlation with the truth {row['correlation']:.4f}")
    lines.append(
        f"{row['ops']:,.0f} operations; unit {row['ops_unit']:,.0f}, weighted {row['ops_weighted']:,.0f}"
    )
    if row["wall_ratio"] is not None:
        lines.append(f"wall time of {row['wall_ratio']:,.3g} samples")
    if row["advantage"] is not None:
        lines.append(f"advantage over sampling {row['advantage']:,.3g}")
    if row["covered"] < row["models"]:
        lines.append(f"applies to {row['covered']} of {row['models']} models")
    if row["flips"]:
        lines.append(f"changes places, by price list, with {escape(', '.join(row['flips']))}")
    return "<br>".join(lines)


def _layout(record: dict[str, Any], group: dict[str, Any], frame: Frame) -> dict[str, Any]:
    title, below = describe(record, group)
    ticks = decades(frame.least, frame.top)
    return {
        "title": {"text": f"{escape(title)}<br><sup>{below}</sup>"},
        "template": "plotly_white",
        "font": {"family": "DejaVu Sans, Verdana, sans-serif"},
        "xaxis": {
            "type": "log",
            "title": {"text": "operations for one model"},
            "range": np.log10([frame.left, frame.right]).tolist(),
            "tickformat": ",d",
            "dtick": 1,
        },
        "yaxis": {
            "type": "log",
            "title": {"text": "RMS error of the accuracy"},
            "range": np.log10([frame.bottom, frame.top]).tolist(),
            "tickvals": [frame.zero, *ticks],
            "ticktext": ["0", *(f"{100 * tick:.10g}%" for tick in ticks)],
        },
        "shapes": [
            {
                "type": "rect", "xref": "paper", "x0": 0, "x1": 1, "y0": frame.bottom, "y1": frame.least,
                "fillcolor": BAND, "line": {"width": 0}, "layer": "below",
            }
        ],
        "legend": {"orientation": "h", "y": -0.15},
        "hovermode": "closest",
    }  # fmt: skip
