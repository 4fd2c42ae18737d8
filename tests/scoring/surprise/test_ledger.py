"""Ledgers: what they list, what it costs, the worked examples, and refusals."""

import io
import itertools
import json
import math
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import heurex
from heurex.report.ledger import ledger_record, ledger_tables
from heurex.scoring.surprise import PRIORS, Baselines, Entry, Selection
from heurex.scoring.surprise.baselines import bundled_selection
from heurex.scoring.surprise.circuit import circuit_ledger, complement_chance
from heurex.scoring.surprise.notes import near_equality_bits

ARC = "2nd_argmax_2_2_1073741824_2.pth"
MANY = {"residual": "per-observation"}


@pytest.fixture(scope="module")
def originals(m43):
    return {prior: heurex.surprise(m43, "original", prior=prior, **MANY) for prior in PRIORS}


def test_the_original_version(m43, originals):
    found = heurex.estimate(m43, "original")
    names = {cell.name for cell in found.cells} | {
        check.name for check in found.checks + found.near_equalities
    }
    names |= {"derivation", "order", "unlikely", "latent_prob", "all inputs"}
    for ledger in originals.values():
        assert ledger.counts() == {
            "check": 16, "near-equality": 14, "fraction": 102, "structural": 4, "residual": 1
        }  # fmt: skip
        assert ledger.bits("check") == 16
        assert ledger.bits("near-equality") == 0
        expected = math.log2(24) + math.log2(math.comb(18, 4)) + math.log2(9)
        assert ledger.bits("structural") == pytest.approx(expected)
        assert all(entry.cell in names for entry in ledger.entries)
        assert all(entry.bits >= 0 for entry in ledger.entries)
        assert all(math.isfinite(entry.bits) for entry in ledger.entries)
    kinds = [entry.prior for entry in originals["random-halfspaces"].entries if entry.kind == "fraction"]
    assert [sum(f"of {k} random" in prior for prior in kinds) for k in (4, 5, 6)] == [18, 56, 28]


def test_sums(originals):
    for ledger in originals.values():
        kinds = [ledger.bits(kind) for kind in ledger.counts()]
        assert ledger.total_bits == pytest.approx(math.fsum(kinds))
        assert ledger.total_bits == pytest.approx(ledger.explanation_bits + ledger.residual_bits)


def test_the_resolution_is_the_cheapest(m43, originals):
    ledger = originals["uniform"]
    totals = {
        r: heurex.surprise(m43, "original", prior="uniform", resolution=r, **MANY).total_bits
        for r in (ledger.resolution, ledger.resolution * 4, ledger.resolution / 4, 1.0)
    }
    assert min(totals, key=totals.get) == ledger.resolution
    assert totals[ledger.resolution] == pytest.approx(ledger.total_bits)
    at = int(np.flatnonzero(ledger.curve.resolution == ledger.resolution)[0])
    assert ledger.curve.total[at] == pytest.approx(ledger.total_bits)
    assert ledger.curve.total.min() == ledger.curve.total[at]
    # finer costs more and leaves less
    assert np.all(np.diff(ledger.curve.explanation) >= -1e-9)
    assert np.all(np.diff(ledger.curve.residual) <= 1e-9)


def test_one_number_by_hand(originals):
    """Uniform prior: -log2 of twice the half-width by the parent's fraction."""
    ledger = originals["uniform"]
    open_entries = [e for e in ledger.entries if e.kind == "fraction" and " within " in e.statement]
    assert len(open_entries) > 40
    for entry in open_entries:
        value, half = (float(x) for x in entry.statement.rsplit(": ", 1)[1].split(" within "))
        whole = float(entry.prior.rsplit("'s ", 1)[1])
        inside = min(value + half, whole) - max(value - half, 0)
        assert entry.bits == pytest.approx(max(0, -math.log2(inside / whole)), abs=0.1)


@pytest.mark.parametrize(
    "method, checks, fractions", [("exact", 352, 256), ("layerwise", 88, 252), ("symmetric", 0, 24)]
)
def test_the_others_side_by_side(m43, method, checks, fractions):
    found = heurex.estimate(m43, method)
    cells = {cell.name for cell in found.cells}
    for prior in PRIORS if method == "symmetric" else ("random-halfspaces", "chained"):
        ledger = heurex.surprise(m43, method, prior=prior, **MANY)
        counts = ledger.counts()
        assert (counts["check"], counts["fraction"]) == (checks, fractions)
        assert all(entry.bits >= 0 for entry in ledger.entries)
        assert all(entry.cell in cells for entry in ledger.entries if entry.kind == "fraction")
    if method == "symmetric":
        assert ledger.bits("structural") == pytest.approx(math.log2(3))
    if method == "exact":
        assert heurex.surprise(m43, "exact", resolution=1e-3).residual_bits == 0
        assert ledger.curve.residual[-1] < 1e-4


def test_the_predictive_residual_measures_the_estimators_own_errors(m43):
    ledger = heurex.surprise(m43, "original", models=64, prior="uniform")
    scores = heurex.compare(heurex.noisy_copies(m43, 0.05, 64), ["original"]).scores["original"]
    spread = math.sqrt(scores.rmse**2 - scores.bias**2)
    prior = next(entry.prior for entry in ledger.entries if entry.kind == "residual")
    assert f"mean {ledger.estimate - scores.bias:.5f}, standard deviation {spread:.2g}" in prior
    assert "64 noisy copies, sigma 0.05, seed 0" in prior
    # one number to state: no fraction pays
    assert ledger.resolution == 1
    assert "does not pay for itself" in ledger.verdict


def test_arcs_m22(alg_zoo):
    ledger = heurex.surprise(heurex.load(alg_zoo / ARC), "pieces")
    bits = [entry.bits for entry in ledger.entries if entry.kind == "check"]
    assert bits == [1.0] * 18
    names = [entry.statement for entry in ledger.entries if entry.kind == "check"]
    assert sum("> 0" in name and "w_" in name for name in names) == 10
    assert sum("standardised" in name for name in names) == 4
    near = [round(entry.bits, 2) for entry in ledger.entries if entry.kind == "near-equality"]
    assert near == [11.58, 10.60]
    assert round(ledger.explanation_bits, 1) == 40.2
    assert ledger.residual_bits == 0
    assert ledger.bits("structural") == ledger.bits("fraction") == 0
    assert round(ledger.total_bits, 1) == 40.2


def test_bundled_m22(m43):
    model = heurex.load("m22")
    ledger = heurex.surprise(model, "pieces")
    gaps = [check.gap for check in heurex.estimate(model, "pieces").checks if check.gap is not None]
    assert ledger.total_bits == pytest.approx(18 - sum(math.log2(gap) for gap in gaps))
    again = heurex.surprise(model.rescaled([3, 0.2]).permuted([1, 0]), "pieces")
    assert again.total_bits == pytest.approx(ledger.total_bits, abs=1e-9)


def test_circuit_by_trying_all_gates():
    """All 2^14 choices of gates on all 256 inputs, one tree's inputs negated: as Python integers of 256 bits."""
    full = (1 << 256) - 1
    inputs = [sum(((x >> i) & 1) << x for x in range(256)) for i in range(8)]

    def trees(leaves):
        found = []
        for gates in itertools.product((int.__and__, int.__or__), repeat=7):
            level, at = leaves, 0
            while len(level) > 1:
                pairs = zip(level[::2], level[1::2], strict=True)
                level, used = [gates[at + i](a, b) for i, (a, b) in enumerate(pairs)], len(level) // 2
                at += used
            found.append(level[0])
        return found

    left, right = trees(inputs), trees([full ^ x for x in inputs])
    true = sum((a | b).bit_count() for a in left for b in right)
    chance = true / (len(left) * len(right) * 256)
    assert chance == 25 / 32
    assert complement_chance(3) == 2 * chance - 1
    residual = circuit_ledger("negations")[-1]
    assert residual.bits == pytest.approx(256 * math.log2(1 / chance))


def test_circuit_rows():
    rows = {}
    for known in ("nothing", "final gate", "negations", "swapped gates"):
        *checks, residual = circuit_ledger(known)
        assert all(entry.kind == "check" and entry.bits == 1 for entry in checks)
        assert residual.kind == "residual"
        rows[known] = (len(checks), round(residual.bits, 2))
    assert list(rows.values()) == [(0, 256), (1, 106.25), (16, 91.17), (23, 0)]


def test_near_equalities():
    assert near_equality_bits(2**-11) == 11
    assert near_equality_bits(1.0) == near_equality_bits(1.9) == 0
    assert near_equality_bits(0.0) == 53


def test_record(originals):
    record = json.loads(json.dumps(ledger_record(originals["chained"])))
    assert {"entries", "explanation_bits", "residual_bits", "total_bits", "baselines", "resolution"} <= set(
        record
    )
    assert len(record["entries"]) == 137
    assert all(set(entry) == {"kind", "statement", "bits", "prior", "cell"} for entry in record["entries"])
    assert record["total_bits"] == pytest.approx(sum(entry["bits"] for entry in record["entries"]))
    base = record["baselines"]
    assert base["weight_bits"] == base["parameters"] * base["bits_each"] == 32 * base["bits_each"]
    assert base["selection_bits"] is None or all(one["bits"] > 0 for one in base["selection_bits"])


def verdict(ledger, total, nothing, *selection):
    """The verdict on a ledger of one check, with given baselines."""
    base = Baselines(nothing, "every accuracy equally likely", 10, 10, 100.0, selection)
    entry = Entry("check", "it holds", total, "yes or no", "somewhere")
    return replace(ledger, entries=(entry,), baselines=base).verdict


def test_verdicts(originals):
    ledger = originals["uniform"]
    exact, bound = (
        Selection(30.0, 29.0, 31.0, "unit normal"),
        Selection(40.0, 39.0, 41.0, "wide", is_bound=True),
    )
    assert "above the 100 bits of the weights" in verdict(ledger, 120.0, 200.0)
    assert "cannot be said here" in verdict(ledger, 50.0, 200.0)
    assert "says nothing" in verdict(ledger, 50.0, 10.0)
    assert "within the bits of selection, at least 29.0 (unit normal): full" in verdict(
        ledger, 20.0, 200.0, exact
    )
    assert "above the bits of selection, at most 31.0" in verdict(ledger, 32.0, 200.0, exact)
    assert "hangs on their prior" in verdict(ledger, 30.0, 200.0, exact)
    assert "hangs on their prior" in verdict(ledger, 20.0, 200.0, exact, bound)
    assert "says nothing" in verdict(ledger, 20.0, 10.0, exact)
    for found in (verdict(ledger, 32.0, 200.0, exact), verdict(ledger, 120.0, 200.0)):
        assert found.endswith("no full understanding.")


def test_selection_bits_are_looked_up_where_they_are(m43, monkeypatch):
    def bundled(hidden_size, seq_len, accuracy, scale):
        if scale == 2:
            raise heurex.UsageError("not bundled")
        near = "a network near the model" if scale == 1 else "a network with at least this accuracy"
        return SimpleNamespace(
            bits=10 * scale, interval=(9 * scale, 11 * scale), prior=f"N(0, {scale}^2)", event=near
        )

    home = SimpleNamespace(bundled_selection_bits=bundled)
    monkeypatch.setitem(sys.modules, "heurex.scoring.selection", home)
    found = bundled_selection(m43, 0.986)
    assert found == (
        Selection(5.0, 4.5, 5.5, "N(0, 0.5^2)"), Selection(10.0, 9.0, 11.0, "N(0, 1.0^2)", is_bound=True)
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "heurex.scoring.selection", None)
    assert bundled_selection(m43, 0.986) == ()


def test_tables_show_everything(originals):
    from rich.console import Console

    console = Console(width=150, record=True, file=io.StringIO())
    console.print(ledger_tables(originals["uniform"], every=True))
    text = console.export_text()
    assert text.count("near-equality") == 15
    assert "a3 > 0" in text
    assert originals["uniform"].verdict.split(":")[0].split()[-1] in text


def test_a_failing_check_is_no_cost(m43):
    flipped = heurex.Rnn(-m43.w_hi * np.array([1, -1, 1, 1]), m43.w_hh, m43.w_oh)
    with pytest.raises(heurex.NotApplicable, match="does not apply") as caught:
        heurex.surprise(flipped, "original")
    assert caught.value.failed
    # the two coefficients that should nearly agree do not, though all else holds
    apart = heurex.Rnn([1, -1], [[-0.9, 1.9], [5.5, -0.5]], [[0.1, -0.4], [-3.1, 2.3]])
    heurex.estimate(apart, "pieces")
    with pytest.raises(heurex.NotApplicable, match="is near a1"):
        heurex.surprise(apart, "pieces")


def test_refusals(m43):
    for bad, message in (
        ({"prior": "flat"}, "prior is 'flat'; expected one of random-halfspaces, chained, uniform"),
        ({"residual": "all"}, "residual is 'all'"),
        ({"tolerance": 0}, "tolerance is 0"),
        ({"resolution": 1e-6}, "resolution is 1e-06; expected a width from 0.001 to 1"),
        ({"resolution": float("nan")}, "resolution is nan"),
        ({"observations": 0}, "observations is 0"),
        ({"models": 1}, "models is 1"),
        ({"draws": 5}, "no convention 'draws'"),
    ):
        with pytest.raises(heurex.UsageError, match=message):
            heurex.surprise(m43, "original", **bad)
    with pytest.raises(heurex.UsageError, match="'sampling' makes no claims"):
        heurex.surprise(m43, "sampling", {"samples": 10})
    with pytest.raises(heurex.UsageError, match="note's own settings"):
        heurex.surprise(m43, "symmetric", {"condition": "all"})
    with pytest.raises(heurex.UsageError, match="note's own settings and d = 4, n = 3"):
        heurex.surprise(heurex.load("m22"), "symmetric")
    with pytest.raises(heurex.UsageError, match="settings are given with an estimator object"):
        heurex.surprise(m43, heurex.estimators.Original(), {"latent_prob": 0.3})


@pytest.mark.parametrize(
    "settings",
    [
        {"regions": "signed"},
        {"regions": "true", "unlikely": "gates"},
        {"gates": "mean"},
        {"gates": "exact"},
        {"regions": "true", "gates": "exact", "unlikely": "gates"},
    ],
)
def test_other_settings_of_the_original(m43, settings):
    ledger = heurex.surprise(m43, "original", settings, prior="uniform", **MANY)
    found = heurex.estimate(m43, "original", **settings)
    assert ledger.counts()["fraction"] == len(found.cells)
    assert all(entry.bits >= 0 for entry in ledger.entries)
    labels = sum("latent" in entry.statement for entry in ledger.entries)
    assert labels == (settings.get("gates", "latent") == "latent")


def hand_built(sharpness):
    """The noise-free symmetric model of a sharpness: Robinson, "Symmetric RNNs"."""
    s = float(sharpness)
    first = np.array([[1, -s - 1, s], [-1, -s, s + 1]])
    out = np.array([[1, 1], [-s, s + 1], [s + 1, -s]])
    u = np.array([[1.0, 0, 0, -1], [0, 1, -1, 0]])
    return heurex.Rnn(
        u.T @ first[:, 2], u.T @ first[:, :2] @ np.linalg.inv(first[:, 1:]) @ u, out @ np.abs(u)
    )


def test_models_with_corners_that_meet():
    """Cells without extent, gates at one half, no noise: bits are finite, never negative, and add up."""
    idle = heurex.Rnn([0, 0, 0], np.zeros((3, 3)), np.zeros((3, 3)))
    for model, methods in (
        (hand_built(1), ("original", "symmetric", "layerwise")),
        (hand_built(100), ("layerwise", "exact")),
        (idle, ("exact", "layerwise")),
    ):
        for method in methods:
            ledger = heurex.surprise(model, method, prior="uniform", **MANY)
            bits = np.array([entry.bits for entry in ledger.entries])
            assert np.isfinite(bits).all()
            assert (bits >= 0).all()
            assert np.isfinite(ledger.curve.total).all()
    # the symmetric version is the whole truth there, and cheaper than the weights
    ledger = heurex.surprise(hand_built(1), "symmetric", **MANY)
    assert ledger.estimate == pytest.approx(ledger.truth, abs=1e-9)
    assert ledger.total_bits < ledger.baselines.weight_bits
