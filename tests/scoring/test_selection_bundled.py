"""The bundled selection bits: complete, consistent in themselves, and in agreement with networks drawn anew."""

import math

import numpy as np
import pytest

import heurex
from heurex.report.figures import save_figure
from heurex.report.selection import selection_figure, selection_lines, selection_record
from heurex.scoring.selection import bundled_runs
from heurex.scoring.selection.bundled import bundle
from heurex.scoring.selection.networks import RandomNetworks

CASES = [(d, n, scale) for d, n in ((2, 2), (4, 3)) for scale in (0.5, 1.0, 2.0)]


@pytest.mark.parametrize("case", CASES)
def test_what_was_measured(case):
    counting, *others = bundled_runs(*case)
    assert counting.method == "counting"
    assert counting.evaluations >= 1_000_000
    assert len(others[0].replicates) >= 8
    for run in (counting, *others):
        curve = run.survival
        assert np.all(np.diff(curve.accuracies) > 0)
        assert np.all(np.diff(curve.bits) >= 0)
        assert np.all((curve.low <= curve.bits) & (curve.bits <= curve.high) & (curve.low >= 0))


@pytest.mark.parametrize("case", CASES)
def test_splitting_agrees_with_counting_at_full_size(case):
    """At the accuracies that both read, probabilities from 1e-5 to 1e-3: nearly all of their 95% intervals overlap."""
    counting, splitting = (run.survival for run in bundled_runs(*case)[:2])
    seen, overlap = 0, 0
    for i, accuracy in enumerate(splitting.accuracies):
        j = int(np.argmin(np.abs(counting.accuracies - accuracy)))
        if abs(counting.accuracies[j] - accuracy) < 1e-12 and 1e-5 < 2.0 ** -counting.bits[j] < 1e-3:
            seen += 1
            overlap += splitting.low[i] <= counting.high[j] and counting.low[j] <= splitting.high[i]
    assert seen >= 8
    assert overlap >= 0.9 * seen


@pytest.mark.parametrize("case", CASES)
def test_counts_agree_with_networks_drawn_anew(case):
    """Another generator, fewer networks: in standard errors, at four accuracies."""
    networks = RandomNetworks(*case)
    samples = 60_000 if case[0] == 2 else 6_000
    values = networks.accuracy(np.random.default_rng(17).standard_normal((samples, networks.dimension)))
    curve = bundled_runs(*case)[0].survival
    for bits in (1.5, 3, 5, 7):
        i = int(np.searchsorted(curve.bits, bits))
        p = 2.0 ** -curve.bits[i]
        assert abs(np.mean(values >= curve.accuracies[i]) - p) < 4 * math.sqrt(p * (1 - p) / samples)


@pytest.mark.parametrize("scale", [0.5, 1, 2])
def test_m22(scale):
    """Both versions of the trained (2, 2) model: no wider than 2 bits; far below the 40.2 bits of its explanation."""
    own = heurex.estimate(heurex.load("m22")).value
    for accuracy in (own, 1 - 7.7431e-5):
        found = heurex.bundled_selection_bits(2, 2, accuracy, scale)
        low, high = found.interval
        assert low < found.bits < high < low + 2
        assert high < 40.2
        assert found.event == "a network with at least this accuracy"
    assert heurex.bundled_selection_bits(2, 2, own, scale).bits < found.bits


@pytest.mark.parametrize("scale", [0.5, 1, 2])
def test_m43(scale):
    found = heurex.bundled_selection_bits(4, 3, heurex.estimate(heurex.load("m43")).value, scale)
    low, high = found.interval
    assert low < found.bits < high < np.inf
    assert "within 0.1 of m43" in found.event
    assert low > heurex.bundled_selection_bits(4, 3, 0.64, scale).bits


def test_the_tail_of_two_inputs_is_quadratic_in_the_error():
    """Two near-equalities: a tenth of the error costs twice log2 10 bits, at every scale."""
    for scale in (0.5, 1, 2):
        more, less = (heurex.bundled_selection_bits(2, 2, 1 - e, scale) for e in (1e-4, 1e-3))
        assert more.bits - less.bits == pytest.approx(2 * math.log2(10), abs=0.5)


def test_between_two_accuracies_the_interval_covers_both():
    curve = bundled_runs(2, 2, 1.0)[1].survival
    i = len(curve.accuracies) - 3
    between = heurex.bundled_selection_bits(2, 2, 0.5 * (curve.accuracies[i] + curve.accuracies[i + 1]))
    assert between.interval == (curve.low[i], curve.high[i + 1])
    assert curve.bits[i] < between.bits < curve.bits[i + 1]
    exactly = heurex.bundled_selection_bits(2, 2, curve.accuracies[i])
    assert exactly.interval == (curve.low[i], curve.high[i])
    assert exactly.probability == pytest.approx(2.0 ** -curve.bits[i])


def test_frequent_accuracies_come_from_counting():
    assert heurex.bundled_selection_bits(2, 2, 0.8).method == "counting"
    assert heurex.bundled_selection_bits(2, 2, 0.999).method == "splitting"


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ((3, 3, 0.9), r"no selection bits are bundled for \(3, 3\) at scale 1; expected one of"),
        ((2, 2, 0.9, 0.7), "at scale 0.7"),
        ((2, 2, 0.999999), "is beyond the bundled 0.9999"),
        ((2, 2, 0.001), "is outside the table"),
    ],
)
def test_refusals(arguments, sentence):
    with pytest.raises(heurex.UsageError, match=sentence):
        heurex.bundled_selection_bits(*arguments)


def test_words_record_and_figure(tmp_path):
    found = heurex.bundled_selection_bits(2, 2, 0.999)
    assert f"{found.bits:.2f} bits" in selection_lines(found)
    assert selection_record(found)["interval"] == list(found.interval)
    runs = bundled_runs(2, 2, 1.0)
    figure = selection_figure([("one", runs)], [[("here", 0.999)]])
    save_figure(figure, tmp_path / "figure.png")
    (axes,) = figure.axes
    assert axes.get_xlim()[0] > axes.get_xlim()[1]
    drawn = axes.lines[1].get_ydata()
    assert np.all(drawn == runs[1].survival.bits)


def test_the_record_says_what_made_it():
    assert bundle()["seed"] == 0
    assert bundle()["heurex"]
    for case in bundle()["cases"]:
        assert "independent N(0" in case["prior"]
        for run in case["splitting"]:
            assert {"particles", "moves", "keep", "replicates"} <= set(run["effort"])
            assert len(run["log2_probability"]) == run["effort"]["replicates"]
