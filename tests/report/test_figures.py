"""Figures for papers: vectors, fonts embedded, one style, colours that everyone can tell apart."""

import re
from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np
import pytest

import heurex
import heurex.report
from heurex.errors import ResultsError, UsageError
from heurex.report import style
from heurex.report.figures import figure1
from heurex.report.front import front_figure
from heurex.report.ledger import ledger_figure
from heurex.report.zoo import accuracy_figure
from heurex.runs.reproduce import figure1_rows
from heurex.zoo.beside import beside_published
from heurex.zoo.ladder import models

REPORT = Path(heurex.report.__file__).parent


def _figure1():
    return figure1(figure1_rows(heurex.load("m43"), 4), 0)


def _pareto():
    always = heurex.External(lambda model: 0.9, label="always 0.9", ops=7)
    record = heurex.evaluate("m22", ["pieces", "exact", always], sigma=0.01, models=4, count_ops=1).record
    return front_figure(record, record["groups"][0])


def _ledger():
    return ledger_figure(heurex.surprise(heurex.load("m22"), "pieces", residual="per-observation"))


def _zoo():
    return accuracy_figure(beside_published(models()))


FIGURES = {"figure1": _figure1, "pareto": _pareto, "ledger": _ledger, "zoo": _zoo}


@pytest.fixture(scope="module", params=FIGURES)
def drawn(request):
    return FIGURES[request.param]()


def test_fonts_are_embedded_and_none_is_type_3(drawn, tmp_path):
    style.save_figure(drawn, tmp_path / "x.pdf")
    page = (tmp_path / "x.pdf").read_bytes()
    assert b"/Type3" not in page
    assert page.count(b"/FontFile2") >= 1
    assert page.count(b"/BaseFont") > 0


def test_a_type_3_font_would_be_seen(tmp_path):
    with matplotlib.rc_context(style.STYLE | {"pdf.fonttype": 3}):
        _zoo().savefig(tmp_path / "x.pdf")
    assert b"/Type3" in (tmp_path / "x.pdf").read_bytes()


def test_text_stays_text(drawn, tmp_path):
    style.save_figure(drawn, tmp_path / "x.svg")
    text = (tmp_path / "x.svg").read_text()
    assert text.count("<text") > 5
    assert "DejaVu Sans" in text
    assert text.count("<image") <= 2  # pixels only in a heat map and its scale


def test_a_figure_drawn_twice_is_the_same_file(tmp_path):
    for name in ("one", "two"):
        figure = _zoo()
        for suffix in ("svg", "pdf"):
            style.save_figure(figure, tmp_path / f"{name}.{suffix}")
    for suffix in ("svg", "pdf"):
        assert (tmp_path / f"one.{suffix}").read_bytes() == (tmp_path / f"two.{suffix}").read_bytes()


def test_labels_of_bars_do_not_overlap():
    figure = ledger_figure(heurex.surprise(heurex.load("m22"), "pieces", residual="per-observation"))
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_xticklabels()]
    assert len(boxes) >= 5
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    names = [label.get_text().split() for label in figure.axes[0].get_xticklabels()]
    assert names[-3:] == [["selection", "sd", spread] for spread in ("0.5", "1", "2")]


def test_one_module_has_all_colours():
    for path in REPORT.glob("*.py"):
        if path.name not in ("style.py", "page.py"):
            assert not re.findall(r"[\"']#[0-9A-Fa-f]{6}[\"']", path.read_text()), path.name


def _sensed(linear, matrix):
    """Linear RGB through a matrix, then by a cube root to steps that look alike."""
    return np.cbrt(np.clip(np.array(matrix) @ linear, 0, 1))


def _seen(colour, matrix):
    srgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return _sensed(np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4), matrix)


# Linear RGB as seen without long-, middle- or short-wave cones (Machado, Oliveira and Fernandes 2009, severity 1).
LACKING = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}  # fmt: skip


@pytest.mark.parametrize("kind", LACKING)
def test_colours_are_told_apart_without_one_kind_of_cones(kind):
    seen = [_seen(colour, LACKING[kind]) for colour in style.PALETTE]
    gaps = [np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[:i]]
    assert min(gaps) > 0.08
    # two colours that differ by what is not seen are caught
    unseen = np.linalg.svd(np.array(LACKING[kind]))[2][-1]
    one, other = (np.clip(0.3 + shift * unseen / np.abs(unseen).max(), 0, 1) for shift in (0.1, -0.1))
    assert np.linalg.norm(_sensed(one, np.eye(3)) - _sensed(other, np.eye(3))) > 0.08
    assert np.linalg.norm(_sensed(one, LACKING[kind]) - _sensed(other, LACKING[kind])) < 0.04


def test_where_a_figure_cannot_go(tmp_path):
    figure = _zoo()
    with pytest.raises(UsageError, match=r"suffix '\.doc'; expected one of \.png, \.svg, \.pdf"):
        style.save_figure(figure, tmp_path / "x.doc")
    with pytest.raises(ResultsError, match="there is no folder"):
        style.check_figure_path(tmp_path / "none" / "x.pdf")
    with pytest.raises(ResultsError, match="cannot be written"):
        style.save_figure(figure, Path("/proc/x.pdf"))
