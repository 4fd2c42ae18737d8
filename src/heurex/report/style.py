"""One style for all figures: colours, fonts, and how a figure becomes a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from heurex.errors import ResultsError, UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "BAND",
    "BLACK",
    "BLUE",
    "CLEAN_COLOUR",
    "COPY_COLOUR",
    "FAINT",
    "FORMATS",
    "GREEN",
    "GREY",
    "GRID",
    "LINE_COLOUR",
    "MINT",
    "MUTED",
    "ORANGE",
    "PALE",
    "PALETTE",
    "PINK",
    "PINK_TEXT",
    "SKY",
    "STYLE",
    "VERMILLION",
    "YELLOW",
    "check_figure_path",
    "save_figure",
]

# Okabe and Ito's palette, told apart by colour-blind readers.
BLUE: Final = "#0072B2"
VERMILLION: Final = "#D55E00"
GREEN: Final = "#009E73"
ORANGE: Final = "#E69F00"
SKY: Final = "#56B4E9"
PINK: Final = "#CC79A7"
BLACK: Final = "#000000"
YELLOW: Final = "#F0E442"
MINT: Final = "#8FD3BE"
"""GREEN with white, for large areas."""
PALETTE: Final = (BLUE, ORANGE, GREEN, PINK, SKY, VERMILLION)
"""For curves that are told apart by number, in the order of their use."""

# Greys: for what is beside the point, from the darkest to the lightest. PINK_TEXT is PINK dark enough to read.
LINE_COLOUR: Final = "#555555"
MUTED: Final = "#5F5F5F"
GREY: Final = "#8C8C8C"
PALE: Final = "#BBBBBB"
FAINT: Final = "#C9C9C9"
GRID: Final = "#EEEEEE"
BAND: Final = "#F2F2F2"
PINK_TEXT: Final = "#A84D80"

COPY_COLOUR: Final = BLUE
"""Noisy copies, and whatever else is the matter of a figure."""
CLEAN_COLOUR: Final = VERMILLION
"""The trained model among its copies, and the second curve."""

STYLE: Final[Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Bitstream Vera Sans", "Verdana", "Arial", "Helvetica"],
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "image.cmap": "viridis",
    # text stays text: searchable, and editable in a drawing program
    "svg.fonttype": "none",
    "svg.hashsalt": "heurex",
    # TrueType fonts, embedded: journals refuse Type 3
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
}
"""Settings of matplotlib for every figure; the fonts named first come with it."""

FORMATS: Final = (".png", ".svg", ".pdf")
"""Suffixes of figures that can be written; the last two are vectors."""

_UNDATED: Final[dict[str, Any]] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
"""So that a figure drawn twice is the same file."""


def check_figure_path(path: Path) -> None:
    """Find out before the work whether a figure can be written there.

    Raises
    ------
    UsageError
        If the suffix names no format of figures.
    ResultsError
        If there is no such folder.
    """
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"{path} has the suffix {path.suffix!r}; expected one of {', '.join(FORMATS)}")
    if not path.parent.is_dir():
        raise ResultsError(f"{path} cannot be written (there is no folder {path.parent})")


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure; the suffix says in which format.

    Raises
    ------
    UsageError
        If the suffix names no format of figures.
    ResultsError
        If the file cannot be written.
    """
    import matplotlib

    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"{path} has the suffix {path.suffix!r}; expected one of {', '.join(FORMATS)}")
    try:
        with matplotlib.rc_context(STYLE):
            figure.savefig(path, dpi=160, metadata=_UNDATED.get(path.suffix.lower()))
    except OSError as error:
        raise ResultsError(f"{path} cannot be written ({error.strerror or error})") from None
