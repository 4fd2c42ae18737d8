"""The page's record and the verb that writes it; what a browser makes of it is in test_page_browser."""

import json
import sys

import numpy as np
import pytest

import heurex
from heurex.cli import main
from heurex.report.page import page_record, write_page
from heurex.report.sphere_figure import draw_sphere
from heurex.scoring.disagreement import disagreements
from heurex.scoring.explained import area, explained_cells, true_parts


def fraction(corners):
    """Girard: the sum of the angles less that of a plane polygon, by unit tangents; no code shared with the kernel."""
    total = 0.0
    for before, here, after in zip(np.roll(corners, 1, 0), corners, np.roll(corners, -1, 0), strict=True):
        to = [v - (v @ here) * here for v in (before, after)]
        total += np.arctan2(np.linalg.norm(np.cross(*to)), to[0] @ to[1])
    return (total - (len(corners) - 2) * np.pi) / (4 * np.pi)


def test_fractions_of_what_is_drawn(m43_record):
    corners = np.array(m43_record["vertices"])
    wide = [part for part in m43_record["truth"] if part["f"] > 1e-4]
    assert len(wide) > 50
    for part in wide:
        assert abs(fraction(corners[part["v"]]) - part["f"]) < 1e-11


def test_numbers_are_those_of_the_library(m43_record):
    record, model = m43_record, heurex.load("m43")
    assert record["exact"]["value"] == heurex.estimate(model).value
    right = [p["f"] for p in record["truth"] if p["a"] == record["orderings"][p["o"]]["label"]]
    assert abs(sum(right) - record["exact"]["value"]) < 1e-12
    assert [one["label"] for one in record["explanations"]] == [
        "original",
        "layerwise",
        "response",
        "symmetric",
    ]
    for one in record["explanations"]:
        assert abs(sum(cell["claimed"] for cell in one["cells"]) - one["value"]) < 1e-12
        assert abs(sum(cell["true"] for cell in one["cells"]) - record["exact"]["value"]) < 1e-12
    ledger = record["explanations"][0]["ledger"]
    assert ledger["total_bits"] == heurex.surprise(model, "original").total_bits
    score = heurex.compare(heurex.noisy_copies(model, 0.05, 4), ["original"]).scores["original"]
    (row,) = [row for row in record["copies"]["front"] if row["label"] == "original"]
    assert abs(row["rmse"] - score.rmse) < 1e-12
    assert len(record["copies"]["figure1"]["original"]) == 4


def test_page_is_whole_and_cannot_be_broken_by_a_name(tmp_path):
    model = heurex.load("m22")
    evil = heurex.Rnn(model.w_hi, model.w_hh, model.w_oh, name="</script><b>&'\"")
    write_page(evil, tmp_path / "page.html", ["pieces"], copies=0)
    text = (tmp_path / "page.html").read_text()
    assert text.count("</script>") == 2
    assert "@@" not in text
    data = text.split('id="data">')[1].split("</script>")[0]
    assert json.loads(data)["model"]["name"] == evil.name


@pytest.mark.parametrize("task", heurex.tasks.TASKS)
def test_what_is_right_hangs_on_what_is_asked(task):
    """Answers of the network at random inputs, asked for by rank, against labels of the cells that hold them."""
    plain = heurex.load("m43")
    model = heurex.Rnn(plain.w_hi, plain.w_hh, plain.w_oh, task=task)
    record = page_record(model, [], copies=0)
    assert record["model"]["task"] == task
    right = [p["f"] for p in record["truth"] if p["a"] == record["orderings"][p["o"]]["label"]]
    assert abs(sum(right) - heurex.estimate(model).value) < 1e-12
    x = np.random.default_rng(2).standard_normal((20_000, 3))
    hit = np.mean(model.answer(x) == np.argsort(-x, axis=1)[:, heurex.tasks.task_rank(task, 3)])
    assert abs(sum(right) - hit) < 4 * np.sqrt(max(hit * (1 - hit), 1e-4) / len(x))


@pytest.fixture
def heurex_cli(monkeypatch, capsys):
    """The command line in this process: exit code, output, errors."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["heurex", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        return stop.value.code, *capsys.readouterr()

    return run


def test_verb(tmp_path, heurex_cli):
    out = tmp_path / "page.html"
    code, text, errors = heurex_cli(
        "report", "m22", "--method", "pieces", "--copies", "0", "--out", out, "--json"
    )
    assert (code, errors) == (0, "")
    assert json.loads(text)["explanations"][0]["label"] == "pieces"
    assert out.stat().st_size < 2e6
    for expected, sentence, arguments in (
        (3, "pictures need n = 2 or 3 inputs; this model has n = 4", ("zoo:4,4",)),
        (3, "d = 2 and n = 2", ("m43", "--method", "pieces")),
        (2, "the number of copies is -1", ("m22", "--copies", "-1")),
        (2, "unknown method 'orig'", ("m22", "--method", "orig")),
        (1, "cannot be written", ("m22", "--copies", "0", "--method", "pieces", "--out", "/proc/x.html")),
    ):
        code, _, errors = heurex_cli("report", *arguments)
        assert (code, errors.count("\n")) == (expected, 1), errors
        assert sentence in errors


@pytest.mark.parametrize(
    ("name", "method"), [("m43", "original"), ("zoo:2,3", "layerwise"), ("m22", "pieces")]
)
def test_still_figure(name, method, tmp_path):
    """Areas on paper are fractions: summed by colour over both halves they give the shares of right answers."""
    import matplotlib

    from heurex.report.style import STYLE, save_figure

    model = heurex.load(name)
    figure = draw_sphere(model, method)
    if model.seq_len == 3:
        share = {}
        for axes in figure.axes:
            for patch in axes.patches:
                x, y = patch.get_xy()[:-1].T
                colour = matplotlib.colors.to_hex(patch.get_facecolor())
                share[colour] = share.get(colour, 0) + abs(
                    np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))
                ) / (4 * np.pi)
        assert abs(share["#000000"] - (1 - heurex.estimate(model).value)) < 1e-4
        by_label = np.diag(heurex.confusion(model).matrix)
        for colour, true in zip(("#56b4e9", "#f0e442", "#8fd3be"), by_label, strict=True):
            assert abs(share.get(colour, 0) - true) < 1e-4
        (estimator,) = heurex.read_methods([method])
        differs = disagreements(
            true_parts(model), explained_cells(model, estimator, estimator.estimate(model))
        )
        assert abs(share["#d55e00"] - sum(area(part.rays, 3) for _, part, _ in differs)) < 1e-4
        # m43's are thin, and filled; wide ones are hatched, for the answers below
        assert any(patch.get_hatch() for axes in figure.axes for patch in axes.patches) == (name != "m43")
    save_figure(figure, tmp_path / "sphere.pdf")
    pdf = (tmp_path / "sphere.pdf").read_bytes()
    assert b"/FontFile2" in pdf
    assert b"/Type3" not in pdf
    assert STYLE["pdf.fonttype"] == 42


def test_still_figure_without_an_explanation():
    model = heurex.load("m22")
    plain, explained = (draw_sphere(model, method).axes[0] for method in (None, "pieces"))
    assert len(plain.patches) == len(explained.patches) > 4
    assert len(plain.lines) < len(explained.lines)
