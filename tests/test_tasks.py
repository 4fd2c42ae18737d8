"""What models are asked: every way to an accuracy honours it or refuses."""

import json
from dataclasses import replace

import numpy as np
import pytest

import heurex
from heurex.errors import ModelError, NotApplicable, UsageError
from heurex.estimators import (
    REGISTRY,
    Exact,
    Layerwise,
    Sampling,
    count_right,
    make_estimator,
    sampled_accuracy,
)
from heurex.estimators.base import Status
from heurex.estimators.sampler import outcomes
from heurex.model import Rnn, RnnStack
from heurex.scoring.attribution import true_contributions
from heurex.scoring.confusion import confusion
from heurex.standard import standardise
from heurex.symmetry import best_pairing
from heurex.tasks import TASKS, task_rank
from heurex.zoo import load, read_model, write_model
from heurex.zoo.files import read_metadata
from heurex.zoo.recipe import Recipe
from heurex.zoo.train import _evaluation


class Ranked(Rnn):
    """A model that is asked for the input of any rank, the smallest included."""

    asked: int

    @property
    def rank(self) -> int:
        return self.asked


def ranked(model: Rnn, rank: int) -> Ranked:
    found = Ranked(model.w_hi, model.w_hh, model.w_oh)
    object.__setattr__(found, "asked", rank)
    return found


def random_model(d: int, n: int, seed: int, task: str = "2nd_argmax") -> Rnn:
    rng = np.random.default_rng([d, n, seed])
    return Rnn(rng.standard_normal(d), rng.standard_normal((d, d)), rng.standard_normal((n, d)), task=task)


def twin(model: Rnn, rank: int, x: np.ndarray) -> tuple[float, float]:
    """Share of right answers and its standard error; ranks by counting what is larger, states neuron by neuron."""
    state = np.zeros((len(x), model.hidden_size))
    for column in x.T:
        z = np.einsum("jk,ik->ij", model.w_hh, state) + np.outer(column, model.w_hi)
        state = z * (z > 0)
    logits = np.einsum("jk,ik->ij", model.w_oh, state)
    answers = (logits == logits.max(axis=1, keepdims=True)).argmax(axis=1)
    larger = (x > x[np.arange(len(x)), answers][:, None]).sum(axis=1)
    p = float(np.mean(larger == rank))
    return p, ((p * (1 - p) + 1 / len(x)) / len(x)) ** 0.5


def tasks_of(n: int) -> list[str]:
    return [task for task in TASKS if task != "argmedian" or n % 2]


@pytest.mark.parametrize("n", [2, 3, 4])
def test_exact_accuracy_of_every_rank_is_that_of_samples_and_all_add_up_to_one(n: int) -> None:
    x = np.random.default_rng(n).standard_normal((200_000, n))
    for seed in range(2 if n < 4 else 1):
        model = random_model(3 if n < 4 else 2, n, seed)
        found = [Exact().estimate(ranked(model, rank)) for rank in range(n)]
        assert sum(one.value for one in found) == pytest.approx(1, abs=1e-10)
        for rank, one in enumerate(found):
            p, error = twin(model, rank, x)
            assert abs(one.value - p) < 4.5 * error, (seed, rank)
            assert sum(cell.contribution or 0.0 for cell in one.cells) == pytest.approx(one.value, abs=1e-10)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_a_model_that_always_answers_the_same_is_right_once_in_n(n: int) -> None:
    for task in tasks_of(n):
        model = Rnn([1.0], [[0.5]], np.zeros((n, 1)), task=task)
        assert Exact().estimate(model).value == pytest.approx(1 / n, abs=1e-12)


def test_the_hand_built_pair_with_its_logits_exchanged_is_an_exact_argmax_model() -> None:
    pair = load("hand:2nd_argmax_2")
    model = Rnn(pair.w_hi, pair.w_hh, pair.w_oh[::-1], task="argmax")
    for estimator in (Exact(), Exact(by="regions"), Exact(budget=10**6), make_estimator("directions")):
        assert estimator.estimate(model).value == pytest.approx(1, abs=1e-12)
        assert estimator.estimate(replace(model, task="2nd_argmax")).value == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_one_model_and_a_stack_agree(n: int) -> None:
    models = [random_model(3, n, seed, "argmax") for seed in range(3)]
    ways = [Exact(), Exact(by="regions"), Layerwise(), Sampling(samples=2000), make_estimator("response")]
    ways += [make_estimator("directions"), Exact(budget=4000)]
    for estimator in ways:
        try:
            alone = [estimator.estimate(model).value for model in models]
        except NotApplicable:
            assert n == 4
            continue
        together = estimator.estimate_stack(RnnStack.of(models)).value
        np.testing.assert_allclose(together, alone, atol=1e-12)


def test_the_error_of_argmax_knows_of_steep_weights() -> None:
    """Regions alone would say 1e-15 where their rounding is 6e-14."""
    steep = load("hand:2nd_argmax_3?sharpness=100")
    second = Exact().estimate(steep)
    model = replace(steep, task="argmax")
    alone, together = Exact().estimate(model), Exact().estimate_stack(RnnStack.of([model]))
    assert second.numerical_error > 1e-13
    assert abs(second.value - Exact(by="regions").estimate(steep).value) < second.numerical_error
    assert alone.numerical_error == pytest.approx(second.numerical_error, rel=1e-3)
    assert together.numerical_error[0] == pytest.approx(alone.numerical_error, rel=1e-3)


def test_two_ways_for_four_inputs_agree() -> None:
    model = random_model(4, 4, 7, "argmax")
    assert Exact().estimate(model).value == pytest.approx(
        Exact(by="regions").estimate(model).value, abs=1e-10
    )


@pytest.mark.parametrize("n", [2, 3])
def test_bounds_within_a_budget_hold_the_accuracy(n: int) -> None:
    for seed in range(3):
        model = random_model(4, n, seed, "argmax")
        truth = Exact().estimate(model).value
        for budget in (0, 2000, 8000, 10**6):
            found = Exact(budget=budget).estimate(model)
            assert found.lower is not None
            assert found.upper is not None
            assert found.lower - 1e-12 <= truth <= found.upper + 1e-12
        assert found.status is Status.OK
        assert found.upper - found.lower < 1e-9


def test_many_directions_come_near_the_exact_accuracy_of_argmax() -> None:
    for seed in range(3):
        model = random_model(3, 3, seed, "argmax")
        near = make_estimator("directions", directions=400).estimate(model).value
        assert near == pytest.approx(Exact().estimate(model).value, abs=1e-3)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_layerwise_with_every_step_exact_is_exact_and_its_labels_share_all(n: int) -> None:
    model = random_model(3, n, 1)
    exact = Layerwise(exact_steps=n).estimate(replace(model, task="argmax")).value
    assert exact == pytest.approx(Exact().estimate(replace(model, task="argmax")).value, abs=1e-9)
    parts = [Layerwise().estimate(ranked(model, rank)).value for rank in range(n)]
    assert sum(parts) == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_method_honours_the_task_or_refuses(name: str) -> None:
    """On good 2nd argmax models, where a method that forgot the task would be off by 0.4 to 1."""
    estimator = make_estimator(name, **({"samples": 4000} if name == "sampling" else {}))
    for source in ("m22", "m43", "zoo:4,4"):
        good = load(source)
        x = np.random.default_rng(0).standard_normal((20_000, good.seq_len))
        model = replace(good, task="argmax")
        if name in ("original", "symmetric", "pieces", "exact-last", "mean-field", "moments"):
            refused = "explains 2nd argmax models; this one is asked for argmax"
            with pytest.raises(NotApplicable, match=refused):
                estimator.estimate(model)
            with pytest.raises(NotApplicable, match=refused):
                estimator.estimate_stack(RnnStack.of([model]))
            continue
        try:
            value = estimator.estimate(model).value
        except NotApplicable:
            with pytest.raises(NotApplicable, match="n = 4|reads 2 inputs|needs n = 3, 4 or 5"):
                estimator.estimate(good)
            continue
        assert abs(value - twin(model, 0, x)[0]) < 0.12
        assert abs(value - estimator.estimate(good).value) > 0.3


def test_argmedian_of_three_is_2nd_argmax_to_the_bit() -> None:
    model = load("m43")
    other = replace(model, task="argmedian")
    assert other.fingerprint() == model.fingerprint()
    for name in REGISTRY:
        estimator = make_estimator(name, **({"samples": 3000} if name in ("sampling", "symmetric") else {}))
        try:
            one = estimator.estimate(model)
        except NotApplicable:
            assert name == "pieces"
            continue
        assert estimator.estimate(other).value == one.value


def test_sampling_of_the_middle_of_five() -> None:
    model = random_model(6, 5, 0, "argmedian")
    x = np.random.default_rng(5).standard_normal((100_000, 5))
    p, error = twin(model, 2, x)
    for design in ("plain", "antithetic", "stratified"):
        found = Sampling(samples=40_000, design=design).estimate(model)
        assert found.standard_error is not None
        assert abs(found.value - p) < 4 * (found.standard_error**2 + error**2) ** 0.5
    big = sampled_accuracy(model, 200_000)
    assert abs(big.value - p) < 4 * (big.standard_error**2 + error**2) ** 0.5
    assert count_right(model, x) == round(p * len(x))
    both = outcomes(model, x[:5000], mirrored=True)
    assert both[0].mean() == pytest.approx(twin(model, 2, x[:5000])[0])
    assert both[1].mean() == pytest.approx(twin(model, 2, -x[:5000])[0])


@pytest.mark.parametrize("n", [2, 3, 4])
def test_confusion_and_contributions_are_those_of_the_task(n: int) -> None:
    model = random_model(3, n, 2, "argmax")
    truth = Exact().estimate(model)
    assert confusion(model).accuracy == pytest.approx(truth.value, abs=1e-10)
    assert np.mean(list(confusion(model).accuracy_by_ordering.values())) == pytest.approx(
        truth.value, abs=1e-10
    )
    cells = truth.cells
    expected = [cell.contribution or 0.0 for cell in cells]
    np.testing.assert_allclose(true_contributions(model, cells), expected, atol=1e-9)


def test_a_model_keeps_its_task() -> None:
    model = replace(load("m43"), task="argmax")
    stack = RnnStack.of([model, model])
    kept = [
        model.perturbed(0.1, np.random.default_rng(0)), model.permuted([3, 2, 1, 0]), model.rescaled(np.ones(4)),
        standardise(model), best_pairing(model).reduced(), stack[0], stack[:1], stack[np.array([1])],
    ]  # fmt: skip
    assert all(one.task == "argmax" and one.rank == 0 for one in kept)
    assert model.fingerprint() != load("m43").fingerprint() == "5860f7dee8b0ea0f"
    assert "task='argmax'" in repr(model)
    with pytest.raises(ModelError, match=r"asked 2nd_argmax, argmax|asked argmax, 2nd_argmax"):
        RnnStack.of([model, load("m43")])


def test_tasks_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ModelError, match="middle of an odd number"):
        replace(load("zoo:4,4"), task="argmedian")
    with pytest.raises(ModelError, match="unknown task"):
        replace(load("m43"), task="median")
    with pytest.raises(UsageError, match="middle of an odd number"):
        Recipe(4, 4, 2**20, "argmedian")
    with pytest.raises(UsageError, match="unknown task"):
        Recipe(4, 4, 2**20, "median")
    with pytest.raises(NotApplicable, match="networks near a model"):
        heurex.selection_bits_near(replace(load("m22"), task="argmax"), 0.5)
    assert [task_rank(task, 7) for task in TASKS] == [0, 1, 3]


def test_files_state_the_task(tmp_path) -> None:
    model = random_model(4, 5, 0, "argmedian")
    arrays = {"w_hi": model.w_hi, "w_hh": model.w_hh, "w_oh": model.w_oh}
    write_model(model, tmp_path / "a.safetensors", {"seed": "1"})
    np.savez(tmp_path / "b.npz", **arrays, task="argmedian")
    np.savez(tmp_path / "c.npz", **model.state_dict(), task="argmedian")
    record = {key: value.tolist() for key, value in arrays.items()}
    (tmp_path / "d.json").write_text(json.dumps(record | {"task": "argmedian"}))
    for path in sorted(tmp_path.iterdir()):
        found = read_model(path)
        assert found.task == "argmedian"
        assert found.fingerprint() == model.fingerprint()
        with pytest.raises(ModelError, match="states the task 'argmedian'; 'argmax' was asked for"):
            load(path, task="argmax")
    (tmp_path / "e.json").write_text(json.dumps(record))
    assert load(tmp_path / "e.json").task == "2nd_argmax"
    assert load(tmp_path / "e.json", task="argmax").task == "argmax"
    (tmp_path / "f.json").write_text(json.dumps(record | {"task": "sorting"}))
    with pytest.raises(ModelError, match=r"f\.json: unknown task 'sorting'"):
        load(tmp_path / "f.json")
    with pytest.raises(ModelError, match="m43 is asked for 2nd_argmax"):
        load("m43", task="argmax")


def test_a_pytorch_file_says_its_task_by_its_name(tmp_path, monkeypatch) -> None:
    torch = pytest.importorskip("torch")
    model = random_model(4, 5, 0)
    state = {key: torch.tensor(value) for key, value in model.state_dict().items()}
    torch.save(state, tmp_path / "argmedian_4_5_1073741824_3.pth")
    assert read_model(tmp_path / "argmedian_4_5_1073741824_3.pth").task == "argmedian"
    torch.save(state, tmp_path / "mine.pth")
    assert read_model(tmp_path / "mine.pth").task == "2nd_argmax"
    monkeypatch.setenv("HEUREX_ALG_ZOO", str(tmp_path))
    assert load("alg-zoo:argmedian_4_5?seed=3").rank == 2
    for name in ("alg-zoo:argmedian_4_5", "alg-zoo:argmedian_4_4?seed=0", "alg-zoo:argmax_4_3"):
        with pytest.raises(UsageError):
            load(name)


def test_training_evaluates_what_is_asked() -> None:
    pair = load("hand:2nd_argmax_2")
    weights = {"hi": pair.w_hi, "hh": pair.w_hh, "oh": pair.w_oh[::-1]}
    assert float(_evaluation(weights, 0, "argmax")["accuracy"]) == 1
    assert float(_evaluation(weights, 0, "2nd_argmax")["accuracy"]) == 0


def test_training_writes_the_task(tmp_path) -> None:
    pytest.importorskip("torch")
    from heurex.zoo.train import train

    (path,) = train(Recipe(3, 5, 2**18, "argmedian"), [0], tmp_path)
    assert path.name.startswith("argmedian_3_5_seed0_")
    p, error = twin(read_model(path), 2, np.random.default_rng(3).standard_normal((100_000, 5)))
    header = read_metadata(path)
    theirs = float(header["accuracy_standard_error"])
    assert abs(float(header["accuracy"]) - p) < 4 * (error**2 + theirs**2) ** 0.5
    assert (
        abs(twin(read_model(path), 1, np.random.default_rng(3).standard_normal((100_000, 5)))[0] - p)
        > 20 * error
    )
