"""Training against plain PyTorch: first weights, gradients, optimiser, inputs; and runs that are killed."""

import signal
import subprocess
import sys
import time
from itertools import product

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

import heurex
from heurex import ModelError, UsageError
from heurex.tasks import second_argmax
from heurex.zoo.published import HIDDEN_SIZES, SEQ_LENS
from heurex.zoo.recipe import Recipe

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from heurex.zoo.batched import Batch, _asked_for, initial_model  # noqa: E402
from heurex.zoo.train import train  # noqa: E402


def plain_model(d, n, seed):
    """AlgZoo's model as AlgZoo builds it."""
    torch.manual_seed(seed)
    rnn = torch.nn.RNN(1, d, nonlinearity="relu", bias=False, batch_first=True)
    return rnn, torch.nn.Linear(d, n, bias=False)


def plain_weights(rnn, linear):
    return [w.detach().numpy() for w in (rnn.weight_ih_l0, rnn.weight_hh_l0, linear.weight)]


def plain_training(d, n, seed, rates, weight_decay=0.001):
    """The loop that anybody would write: autograd, PyTorch's AdamW, PyTorch's global generator."""
    rnn, linear = plain_model(d, n, seed)
    optimiser = torch.optim.AdamW([*rnn.parameters(), *linear.parameters()], weight_decay=weight_decay)
    for rate in rates:
        x = torch.randn(1024, n)
        label = torch.tensor(second_argmax(x.numpy()))
        loss = torch.nn.functional.cross_entropy(linear(rnn(x[:, :, None])[0][:, -1]), label)
        optimiser.param_groups[0]["lr"] = rate
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return plain_weights(rnn, linear), loss.item()


class Fast(Recipe):
    """Without warm-up, so that few steps go far and weight decay shows."""

    def learning_rate(self, step):
        return 0.02 / (1 + step)


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_first_weights_are_those_of_alg_zoo():
    for d, n, seed in product(HIDDEN_SIZES, SEQ_LENS, range(5)):
        weights, _ = initial_model(d, n, seed)
        assert all(map(np.array_equal, (w.numpy() for w in weights), plain_weights(*plain_model(d, n, seed))))
    batch = Batch(Recipe(4, 3, 2**20), [3, 0, 77])
    for i, seed in enumerate([3, 0, 77]):
        assert all(map(np.array_equal, batch.weights(i), plain_weights(*plain_model(4, 3, seed))))


def test_the_global_generator_is_left_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    initial_model(4, 3, 0)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("d", "n"), [(2, 2), (4, 3), (8, 5), (16, 10)])
def test_steps_against_plain_pytorch(d, n):
    """Weights move by some 0.05, weight decay by 1e-4 of it; gradients of float32 agree to about 1e-6."""
    batch = Batch(Fast(d, n, 2**20), [1, 6])
    batch.advance(16)
    batch.advance(8)
    for i, seed in enumerate([1, 6]):
        expected, loss = plain_training(d, n, seed, [0.02 / (1 + step) for step in range(24)])
        first = plain_weights(*plain_model(d, n, seed))
        moved = max(np.abs(a - b).max() for a, b in zip(expected, first, strict=True))
        assert moved > 0.03
        for ours, theirs in zip(batch.weights(i), expected, strict=True):
            assert np.abs(ours - theirs).max() < 1e-5
        assert abs(batch.last_step()[0][i] - loss) < 1e-5


def test_weight_decay_would_show():
    """The tolerance above is smaller than what a missing weight decay does."""
    rates = [0.02 / (1 + step) for step in range(24)]
    with_decay, without = (plain_training(4, 3, 1, rates, decay)[0] for decay in (0.001, 0.0))
    assert max(np.abs(a - b).max() for a, b in zip(with_decay, without, strict=True)) > 2e-5


def test_neighbours_and_chunks_change_nothing():
    recipe = Recipe(4, 3, 2**20)
    alone, along = Batch(recipe, [2]), Batch(recipe, [0, 1, 2, 3, 9])
    for _ in range(10):
        alone.advance(10)
    for steps in (1, 16, 30, 37, 16):
        along.advance(steps)
    assert alone.step == along.step == 100
    assert all(map(np.array_equal, alone.weights(0), along.weights(2)))
    assert alone.last_step()[0][0] == along.last_step()[0][2]


@pytest.mark.parametrize("n", [2, 3, 5, 10])
def test_labels_with_and_without_ties(n):
    rng = np.random.default_rng(n)
    for x in (rng.standard_normal((1, 1, 500, n), "f4"), rng.integers(0, 3, (1, 1, 500, n)).astype("f4")):
        asked = _asked_for(torch.from_numpy(x).transpose(2, 3), 1).numpy()[0, 0]
        assert np.array_equal(asked.sum(axis=0), np.ones(500))
        assert np.array_equal(asked.argmax(axis=0), second_argmax(x[0, 0]))


def test_learning_rate():
    recipe = Recipe(4, 3, 2**30)
    assert recipe.steps == 2**20
    assert recipe.learning_rate(0) == 0
    for step, expected in (
        (2**13, 0.02 * 0.5 * 10 ** (-4 / 128)),
        (2**14, 0.02 * 10 ** (-4 / 64)),
        (2**18, 0.02 * 0.1),
        (2**19, 0.02 * 0.01),
        (2**20 - 1, 0.02 * 0.01),
    ):
        assert abs(recipe.learning_rate(step) / expected - 1) < 1e-12
    assert Recipe(16, 3, 2**30).learning_rate(2**19) == pytest.approx(0.01 * 0.01)
    assert Recipe(4, 3, 2**27).learning_rate(2**17 - 1) == pytest.approx(0.02 * 0.01)


def test_checkpoints(tmp_path):
    files = train(Recipe(2, 2, 3 * 2**20), [0, 4], tmp_path, stop_after=2**20 + 5 * 1024)
    stops = [0, 2**20, 2**20 + 5 * 1024]
    names = {
        f"2nd_argmax_2_2_seed{seed}_{stop}_of_{3 * 2**20}.safetensors" for seed in (0, 4) for stop in stops
    }
    assert {path.name for path in tmp_path.glob("*.safetensors")} == names
    first = load_file(tmp_path / f"2nd_argmax_2_2_seed4_0_of_{3 * 2**20}.safetensors")
    expected = plain_weights(*plain_model(2, 2, 4))
    assert list(map(str, sorted(first))) == ["linear.weight", "rnn.weight_hh_l0", "rnn.weight_ih_l0"]
    keys = ("rnn.weight_ih_l0", "rnn.weight_hh_l0", "linear.weight")
    assert all(np.array_equal(first[key], w) for key, w in zip(keys, expected, strict=True))
    with safe_open(files[1], "numpy") as file:
        header = file.metadata()
    wanted = {
        "task": "2nd_argmax", "hidden_size": "2", "seq_len": "2", "seed": "4", "batch": "1024", "steps": "1029",
        "sequences": str(stops[-1]), "schedule_sequences": str(3 * 2**20), "torch": torch.__version__,
    }  # fmt: skip
    assert {key: header[key] for key in wanted} == wanted
    assert "weight decay 0.001" in header["recipe"]
    model = heurex.load(files[1])
    assert abs(float(header["accuracy"]) - heurex.estimate(model).value) < 4 * float(
        header["accuracy_standard_error"]
    )
    x = np.random.default_rng(8).standard_normal((2**18, 2))
    losses = -np.log(model.probabilities(x)[np.arange(len(x)), second_argmax(x)])
    assert abs(losses.mean() - float(header["loss"])) < 6 * losses.std() / 2**9


def folder(tmp_path, name):
    (tmp_path / name).mkdir()
    return tmp_path / name


def test_stopped_and_continued_is_as_in_one_go(tmp_path):
    recipe = Recipe(3, 3, 600 * 1024)
    whole = train(recipe, [0, 1], folder(tmp_path, "whole"))
    parts = folder(tmp_path, "parts")
    train(recipe, [0, 1], parts, stop_after=100 * 1024)
    train(recipe, [0, 1], parts, stop_after=250 * 1024)
    steps = []
    files = train(recipe, [0, 1], parts, report=lambda now: steps.append(now.sequences))
    assert min(steps) > 250 * 1024, "the last part began where the one before ended"
    for a, b in zip(whole, files, strict=True):
        assert same_weights(a, b)
    assert train(recipe, [0, 1], parts, report=lambda now: pytest.fail("trained again")) == files
    assert not list(parts.glob(".*")), "nothing but weights is left"


def same_weights(a, b):
    one, other = load_file(a), load_file(b)
    return list(one) == list(other) and all(np.array_equal(one[key], other[key]) for key in one)


def steps_of(state):
    with safe_open(state, "numpy") as file:
        return int(file.get_tensor("step")[0])


def test_a_shorter_run_leaves_a_longer_ones_state(tmp_path):
    recipe = Recipe(2, 2, 2**20)
    train(recipe, [0], tmp_path, stop_after=300 * 1024)
    state = next(tmp_path.glob(".*.state"))
    shorter = train(recipe, [0], tmp_path, stop_after=100 * 1024)
    assert shorter[0].exists()
    assert steps_of(state) == 300


def test_a_file_that_was_lost_is_written_again(tmp_path):
    """As after a kill between the files of two seeds: from the state, without training anew."""
    recipe = Recipe(2, 2, 2**20)
    first = train(recipe, [0, 1], tmp_path, stop_after=100 * 1024)[0]
    content = load_file(first)
    first.unlink()
    reports = []
    train(recipe, [0, 1], tmp_path, stop_after=100 * 1024, report=reports.append)
    assert reports == []
    assert all(np.array_equal(load_file(first)[key], content[key]) for key in content)


def test_killed_and_run_again(tmp_path):
    """SIGKILL twice in the middle of the work; the same command then ends with an undisturbed run's weights."""
    command = [
        sys.executable, "-c", "from heurex.cli import main; main()", "zoo", "train", "--hidden-size", "3",
        "--seq-len", "2", "--seeds", "0,1", "--sequences", "2^21", "--save-every", "0.02", "--out", tmp_path / "run",
    ]  # fmt: skip
    reached = [0]
    for _ in range(2):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < deadline:
            states = list((tmp_path / "run").glob(".*.state"))
            if states and steps_of(states[0]) > reached[-1] + 200:
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.01)
        assert process.wait() == -signal.SIGKILL
        reached.append(steps_of(states[0]))
    assert 200 < reached[1] < reached[2] < 2048
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    files = done.stdout.split()
    assert len(files) == 2
    whole = train(Recipe(3, 2, 2**21), [0, 1], folder(tmp_path, "whole"))
    for a, b in zip(files, whole, strict=True):
        assert same_weights(a, b)
    assert {p.name for p in (tmp_path / "run").iterdir()} >= {p.name for p in (tmp_path / "whole").iterdir()}


def test_states_that_cannot_be_continued(tmp_path, monkeypatch):
    recipe = Recipe(2, 2, 2**21)
    train(recipe, [0], tmp_path, stop_after=50 * 1024)
    state = next(tmp_path.glob(".*.state"))
    whole = state.read_bytes()
    state.write_bytes(whole[:-100])
    with pytest.raises(ModelError, match="is damaged .*; delete it to train anew"):
        train(recipe, [0], tmp_path)
    state.write_bytes(whole)
    monkeypatch.setattr("torch.__version__", "0.1")
    with pytest.raises(ModelError, match="left by another version or recipe; delete it"):
        train(recipe, [0], tmp_path)


def test_what_makes_no_sense(tmp_path, monkeypatch):
    for arguments, message in (
        ((4, 3, 1000), "number of sequences is 1000; expected a multiple of 1024"),
        ((4, 3, 0), "number of sequences is 0"),
        ((0, 3, 2**20), "hidden size is 0"),
        ((4, 1, 2**20), "sequence length is 1; expected 2 to 100"),
        ((4, 3, 2**20, "argmin"), "unknown task 'argmin'; expected one of argmax, 2nd_argmax"),
    ):
        with pytest.raises(UsageError, match=message):
            Recipe(*arguments)
    recipe = Recipe(2, 2, 2**20)
    with pytest.raises(UsageError, match="stop-after is 2097152; expected at most the 1048576"):
        train(recipe, [0], tmp_path, stop_after=2**21)
    for seeds in ([], [0, 0], [-1]):
        with pytest.raises(UsageError, match="seeds are .*; expected different whole numbers"):
            train(recipe, seeds, tmp_path)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UsageError, match="training needs PyTorch"):
        train(recipe, [0], tmp_path)


def test_weights_that_left_the_finite_numbers(tmp_path):
    class Wild(Recipe):
        def learning_rate(self, step):
            return 1e30

    with pytest.raises(ModelError, match="seed 0 has weights that are not finite after 8192 sequences"):
        train(Wild(2, 2, 2**20), [0], tmp_path, stop_after=8192)
