"""Models by name: hand-built ones against their published accuracies, the ladder against its own records."""

import json
from pathlib import Path

import numpy as np
import pytest
from models import hand_built
from safetensors import safe_open

import heurex
from heurex import UsageError
from heurex.estimators import Sampling
from heurex.runs.index import accuracy_of, index_folder
from heurex.zoo import ladder
from heurex.zoo.beside import beside_published
from heurex.zoo.listing import entries
from heurex.zoo.names import read_count

LADDER = Path(ladder.__file__).parent / "weights" / "ladder"


def refused(message, name):
    with pytest.raises(UsageError, match=message) as caught:
        heurex.load(name)
    assert "\n" not in str(caught.value)


def test_hand_built_two_inputs():
    model = heurex.load("hand:2nd_argmax_2")
    assert model.name == "hand:2nd_argmax_2"
    assert heurex.estimate(model).value == 1.0
    x = np.random.default_rng(0).standard_normal((1000, 2))
    # with x_0 given to both neurons, the differences come out exactly
    assert np.allclose(model.logits(x), np.stack([x[:, 1] - x[:, 0], x[:, 0] - x[:, 1]], 1), atol=1e-15)


@pytest.mark.parametrize(
    ("sharpness", "accuracy"),
    [("1", 0.87896228), ("3", 0.97750615), ("10", 0.99749966), ("30", 0.99970367), ("1e2", 0.99997271)],
)
def test_hand_built_three_inputs(sharpness, accuracy):
    model = heurex.load(f"hand:2nd_argmax_3?sharpness={sharpness}")
    assert abs(heurex.estimate(model).value - accuracy) < 6e-9
    other = hand_built(float(sharpness))
    assert all(
        np.allclose(getattr(model, w), getattr(other, w), rtol=1e-12) for w in ("w_hi", "w_hh", "w_oh")
    )


def test_hand_built_default_sharpness():
    sharp = heurex.load("hand:2nd_argmax_3?sharpness=100")
    assert heurex.load("hand:2nd_argmax_3").fingerprint() == sharp.fingerprint()
    assert heurex.load("hand:2nd_argmax_3?sharpness=1e6").w_hh.max() < 1e7


def test_hand_built_ten_inputs():
    """Its delay line and running maximum, step by step, and the published 99%."""
    model = heurex.load("hand:2nd_argmax_10")
    assert (model.hidden_size, model.seq_len, model.n_params) == (22, 10, 726)
    x = np.random.default_rng(3).standard_normal((20_000, 10))
    hidden = model.hidden(x)
    assert np.allclose(hidden[:, :10], np.maximum(x, 0), atol=1e-14)
    most = x.max(axis=1)
    assert np.allclose(np.where(most > 0, hidden[:, 19] + hidden[:, 20], most), most, atol=1e-13)
    assert abs((model.answer(x) == np.argsort(-x, axis=1)[:, 1]).mean() - 0.99) < 0.005


def test_names_that_are_not():
    refused("unknown model 'hand:2nd_argmax_4'; expected hand:2nd_argmax_2", "hand:2nd_argmax_4")
    refused("sharpness is 0.0; expected a number above 0", "hand:2nd_argmax_3?sharpness=0")
    refused("sharpness is nan", "hand:2nd_argmax_3?sharpness=nan")
    refused("sharpness is 1000000.1", "hand:2nd_argmax_3?sharpness=1000000.1")
    refused("is 'x'; expected a number", "hand:2nd_argmax_3?sharpness=x")
    refused("has no setting 'seed'; expected sharpness", "hand:2nd_argmax_3?seed=1")
    refused("has no setting 'seed'; there are none", "hand:2nd_argmax_2?seed=1")
    refused("has no setting 'seed'; there are none", "hand:2nd_argmax_10?seed=1")
    refused("expected zoo:d,n such as zoo:4,4", "zoo:4")
    refused("no model with d = 5, n = 9 is bundled; expected one of 2,2 2,3 ", "zoo:5,9")
    refused("seed 7 of zoo:4,4 is not bundled; expected one of 0, 1, 2", "zoo:4,4?seed=7")
    refused("is '-1'; expected a whole number", "zoo:4,4?seed=-1")
    refused("each once, as name=value", "zoo:4,4?seed=1&seed=2")
    refused("each once, as name=value", "zoo:4,4?seed")
    refused("'m43' takes none", "m43?seed=1")
    refused("or the path of a weight file", "models:m43")


def test_counts():
    assert [read_count("n", text) for text in ("7", "2^20", "2**3", "1_000", "10^7")] == [
        7,
        2**20,
        8,
        1000,
        10**7,
    ]
    for text in ("", "x", "-1", "2^", "2^2^2", "1.5", "2^100"):
        with pytest.raises(UsageError, match="n is .*; expected a whole number"):
            read_count("n", text)


def test_the_ladder_is_whole():
    sizes = [
        (2, 2),
        (2, 3),
        (3, 3),
        (4, 3),
        (4, 4),
        (6, 3),
        (6, 4),
        (8, 3),
        (8, 4),
        (8, 5),
        (16, 3),
        (16, 6),
        (16, 10),
    ]
    models = ladder.models()
    assert [(m.hidden_size, m.seq_len, m.seed) for m in models] == [
        (*size, seed) for size in sizes for seed in range(3)
    ]
    assert {m.task for m in models} == {"2nd_argmax"}
    assert all(m.sequences >= 2**26 and m.schedule_sequences == m.sequences for m in models)
    assert all({"torch"} <= set(m.versions) for m in models)
    assert {m.file for m in models} == {path.name for path in LADDER.glob("*.safetensors")}
    assert sum(path.stat().st_size for path in LADDER.iterdir()) < 2_000_000


def test_the_ladder_by_name():
    for model in ladder.models():
        name = f"zoo:{model.hidden_size},{model.seq_len}?seed={model.seed}"
        weights = heurex.load(name)
        assert (weights.name, weights.hidden_size, weights.seq_len) == (
            name,
            model.hidden_size,
            model.seq_len,
        )
        with safe_open(LADDER / model.file, "numpy") as file:
            header = file.metadata()
        assert header["task"] == "2nd_argmax"
        assert int(header["seed"]) == model.seed
        assert float(header["loss"]) == model.loss
        # the header's accuracy is of other inputs than the record's
        spread = np.hypot(float(header["accuracy_standard_error"]), model.accuracy_error)
        assert abs(float(header["accuracy"]) - model.accuracy) < 4.5 * spread
    best = max((m for m in ladder.models() if (m.hidden_size, m.seq_len) == (4, 4)), key=lambda m: m.accuracy)
    assert heurex.load("zoo:4,4").fingerprint() == heurex.load(f"zoo:4,4?seed={best.seed}").fingerprint()
    assert heurex.load("zoo:4,3").fingerprint() == heurex.load("m43").fingerprint()


@pytest.mark.parametrize("model", [m for m in ladder.models() if m.seed == 0], ids=lambda m: m.file[11:15])
def test_recorded_accuracies(model):
    """Against samples that share nothing with how they were found."""
    weights = ladder.read(model)
    found = Sampling(samples=100_000, seed=99).estimate(weights)
    kind = "exact" if model.seq_len <= 3 else model.accuracy_kind
    assert model.accuracy_kind == kind
    spread = found.standard_error if kind == "exact" else np.hypot(found.standard_error, model.accuracy_error)
    assert abs(found.value - model.accuracy) < 4 * spread


def test_every_listed_model_is_there():
    listed = entries()
    for entry in listed:
        model = heurex.load(entry.name)
        assert (entry.hidden_size, entry.seq_len, entry.parameters) == (
            model.hidden_size, model.seq_len, model.n_params,
        )  # fmt: skip
    for entry in listed[:5]:
        if entry.accuracy_kind == "exact":
            assert abs(heurex.estimate(heurex.load(entry.name)).value - entry.accuracy) < entry.accuracy_error
        else:
            found = Sampling(samples=100_000, seed=5).estimate(heurex.load(entry.name))
            assert abs(found.value - entry.accuracy) < 4 * np.hypot(
                found.standard_error, entry.accuracy_error
            )


def test_beside_what_is_published():
    rows = {(row.hidden_size, row.seq_len): row for row in beside_published(ladder.models())}
    assert len(rows) == 13
    row = rows[4, 3]
    assert row.best.seed == 0
    assert row.published == 0.985
    assert abs(row.difference - (0.9859986954502413 - 0.985)) < 1e-12
    accuracies = np.array([model.accuracy for model in row.models])
    assert abs(row.seed_error - accuracies.std(ddof=1) / 3**0.5) < 1e-12
    assert abs(row.in_seed_errors - row.difference / row.seed_error) < 1e-12
    assert rows[2, 2].within_rounding
    assert not row.within_rounding


def test_index_of_a_folder(tmp_path, m43):
    for name in ("2nd_argmax_4_3_seed0_1073741824_of_1073741824.safetensors",):
        (tmp_path / name).write_bytes((LADDER / name).read_bytes())
    found = index_folder(tmp_path, 1000)
    assert [(model.accuracy, model.accuracy_kind) for model in found] == [
        (heurex.estimate(m43).value, "exact")
    ]
    record = json.loads((tmp_path / "index.json").read_text())["models"][0]
    assert ladder.LadderModel(**record) == found[0]
    value, error, kind = accuracy_of(heurex.load("zoo:16,10"), 1000)
    assert kind == "sampled"
    assert abs(error - (value * (1 - value) / 1000) ** 0.5) < 1e-3
    heurex.zoo.write_model(m43, tmp_path / "other.safetensors")
    with pytest.raises(heurex.ModelError, match="no usable record in its header .'hidden_size'"):
        index_folder(tmp_path, 1000)
    with pytest.raises(UsageError, match="holds no .safetensors file"):
        index_folder(tmp_path / "..", 1000)
