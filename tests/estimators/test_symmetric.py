"""The symmetric version: against an independent prototype, a numpy twin of its formulas, and sampling."""

import numpy as np
import pytest
from models import hand_built

import heurex
from heurex import NotApplicable, Rnn, RnnStack
from heurex.estimators import Symmetric
from heurex.estimators.symmetric import event_cones, events
from heurex.symmetry import best_pairing, pairings, symmetric_part
from heurex.tasks import orderings, second_argmax


def slow_noise_covariance(model, pairing):
    """The note's recursion with its own matrices U and V, nothing simplified."""
    u, v = np.zeros((2, 4)), np.zeros((2, 4))
    for row, (i, j) in enumerate(pairing):
        u[row, i], u[row, j], v[row, i], v[row, j] = 1, -1, 1, 1
    w_hi, w_hh, w_oh = u @ model.w_hi / 2, u @ model.w_hh @ u.T / 4, model.w_oh @ v.T / 2
    e_hi, e_hh, e_oh = model.w_hi - u.T @ w_hi, model.w_hh - u.T @ w_hh @ u, model.w_oh - w_oh @ v
    c_h = c_e = np.zeros((4, 4))
    p, r = u.T @ w_hh @ u, u.T @ w_hi
    for _ in range(3):
        c_z = p @ c_h @ p.T + np.outer(r, r)
        c_ez = model.w_hh @ c_e @ model.w_hh.T + e_hh @ c_h @ e_hh.T + np.outer(e_hi, e_hi)
        c_h, c_e = c_z / 4, c_ez / 4
    return model.w_oh @ c_e @ model.w_oh.T + e_oh @ c_h @ e_oh.T


def test_reduced_network_and_noise_covariance_against_the_prototype(reference):
    for record in reference:
        part = best_pairing(record["model"])
        assert part.pairing == ((0, 3), (1, 2))
        assert (
            abs(heurex.estimate(record["model"], "symmetric", noise="none").value - record["reduced"]) < 1e-12
        )
        expected = np.array(record["noise_cov"])
        assert (
            np.abs(part.noise_covariance(record["model"]) - expected).max() < 1e-12 * np.abs(expected).max()
        )


def test_noise_covariance_against_the_notes_own_matrices(reference):
    for record in reference[:4]:
        for pairing in pairings(4):
            ours = symmetric_part(record["model"], pairing).noise_covariance(record["model"])
            theirs = slow_noise_covariance(record["model"], pairing)
            np.testing.assert_allclose(ours, theirs, atol=1e-13 * np.abs(theirs).max())


def test_exact_noise_against_the_prototype(reference):
    for record in reference:
        found = heurex.estimate(record["model"], "symmetric")
        assert abs(found.value - record["symmetric"]) < 1e-9
        assert found.numerical_error < 1e-11


def test_sampled_noise_is_unbiased(reference):
    z = []
    for record in reference:
        found = heurex.estimate(record["model"], "symmetric", noise="sampled", samples=200_000)
        z.append((found.value - record["symmetric"]) / found.standard_error)
    assert abs(np.mean(z)) < 4 / np.sqrt(len(z))
    assert 0.4 < np.std(z) < 1.7
    assert np.abs(z).max() < 4.5


def test_sampled_noise_event_by_event(m43):
    sampled = heurex.estimate(m43, "symmetric", noise="sampled", samples=400_000)
    exact = heurex.estimate(m43, "symmetric")
    for one, other in zip(sampled.cells, exact.cells, strict=True):
        assert one.name == other.name
        p = other.contribution
        assert abs(one.contribution - p) <= 5 * np.sqrt(p * (1 - p) / 400_000) + 1e-9


def test_the_symmetric_network_is_what_it_says(reference):
    x = np.random.default_rng(0).normal(size=(500, 3))
    for record in reference[:3]:
        part = best_pairing(record["model"])
        state = x @ part.last_state_map().T
        expected = np.abs(state) @ part.w_oh_sym.T
        np.testing.assert_allclose(part.reduced().logits(x), expected, atol=1e-10 * np.abs(expected).max())


def test_least_squares(m43):
    """No other symmetric weights are nearer: nudging any of them makes the asymmetry larger."""
    part = best_pairing(m43)
    u = np.array([[1, 0, 0, -1], [0, 1, -1, 0]])
    for i in range(2):
        for j in range(2):
            nudge = np.zeros((2, 2))
            nudge[i, j] = 1e-3
            assert ((m43.w_hh - u.T @ (part.w_hh_sym + nudge) @ u) ** 2).sum() > (part.eps_hh**2).sum()


def test_events_are_a_partition(reference):
    for record in reference[:5]:
        part = best_pairing(record["model"])
        found = heurex.estimate(record["model"], "symmetric", noise="none")
        assert abs(sum(cell.fraction for cell in found.cells) - 1) < 1e-14
        assert abs(sum(cell.contribution for cell in found.cells) - found.value) < 1e-14
        assert len(found.cells) == 24
        assert sum(cell.fraction > 0 for cell in found.cells) == 20
        assert abs(heurex.true_contributions(record["model"], found.cells).sum() - record["exact"]) < 1e-14
        for cell in found.cells:
            assert heurex.cone_fraction(cell.normals) == pytest.approx(cell.fraction, abs=1e-14)
        assert {event for event, _ in event_cones(part)} <= set(events(2, 3))


def test_hand_built_models_have_no_noise():
    for sharpness in (1, 10):
        model = hand_built(sharpness)
        assert abs(heurex.estimate(model, "symmetric").value - heurex.estimate(model).value) < 1e-9


def test_noise_of_any_size(m43):
    """Tiny or rank-deficient noise is not silently wrong: the value tends to the reduced network's."""
    part = best_pairing(m43)
    reduced = part.reduced()
    value = heurex.estimate(reduced).value
    for scale in (1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12):
        model = Rnn(
            reduced.w_hi + scale * part.eps_hi,
            reduced.w_hh + scale * part.eps_hh,
            reduced.w_oh + scale * part.eps_oh,
        )
        found = heurex.estimate(model, "symmetric")
        assert abs(found.value - value) <= 2 * scale + found.numerical_error
        assert found.numerical_error < 1e-9
    only_input = Rnn(reduced.w_hi + part.eps_hi, reduced.w_hh, reduced.w_oh)
    exact = heurex.estimate(only_input, "symmetric")
    sampled = heurex.estimate(only_input, "symmetric", noise="sampled")
    assert abs(exact.value - sampled.value) < 4.5 * sampled.standard_error


def test_labels_of_all_events_sum_to_one(reference):
    """Over the 24 events and the three possible answers the probabilities add up to 1."""
    from heurex.cones.event import event_fraction
    from heurex.estimators.symmetric_kernel import event_normals, margin_factor

    for record in reference:
        part = best_pairing(record["model"])
        cov, state_map = part.noise_covariance(record["model"]), part.last_state_map()
        factors = np.zeros((3, 2, 2))
        for label in range(3):
            margin_factor(cov, label, factors[label])
        total = 0.0
        for event in events(2, 3):
            if event.signs[0] < 0:
                continue
            for answer in range(3):
                rows = np.zeros((6, 5))
                order = np.array(event.ordering)
                event_normals(state_map, part.w_oh_sym, factors, np.array(event.signs), order, rows)
                rivals = [i for i in range(3) if i != answer]
                signed = np.array(event.signs)[:, None] * state_map
                rows[4:, :3] = (part.w_oh_sym[answer] - part.w_oh_sym[rivals]) @ signed
                rows[4:, 3:] = factors[answer]
                total += 2 * event_fraction(rows)[0]
        assert abs(total - 1) < 1e-11


def test_permuting_and_rescaling(reference):
    rng = np.random.default_rng(1)
    for record in reference[:4]:
        model = record["model"]
        value = heurex.estimate(model, "symmetric").value
        shuffled = model.permuted(rng.permutation(4).tolist())
        assert abs(heurex.estimate(shuffled, "symmetric").value - value) < 1e-12
        within = model.rescaled([2.0, 0.3, 0.3, 2.0])
        assert abs(heurex.estimate(within, "symmetric", noise="none").value - record["reduced"]) < 1e-12
        assert abs(heurex.estimate(within, "symmetric").value - value) < 1e-10
        across = heurex.estimate(model.rescaled([1.1, 1.0, 1.0, 1.0]), "symmetric").value
        assert 1e-6 < abs(across - value) < 0.2


def test_stack_equals_single_models(reference):
    stack = RnnStack.of([record["model"] for record in reference])
    together = Symmetric().estimate_stack(stack)
    for i, record in enumerate(reference):
        alone = Symmetric().estimate(record["model"])
        assert abs(together.value[i] - alone.value) < 1e-15
    few = Symmetric(noise="sampled", samples=1000).estimate_stack(stack[:2])
    assert np.all(few.standard_error > 0)


def test_operations_by_the_notes_model(m43):
    assert heurex.estimate(m43, "symmetric").note_ops == 25_920


def test_refusals(m43):
    with pytest.raises(NotApplicable, match="n = 2 or 3 inputs and at least two neurons; this one has d = 1"):
        heurex.estimate(Rnn([1], [[1]], [[1], [1]]), "symmetric")
    with pytest.raises(heurex.UsageError, match="noise is 'loud'; expected one of exact, sampled, none"):
        heurex.estimate(m43, "symmetric", noise="loud")
    with pytest.raises(heurex.UsageError, match="samples is 0"):
        heurex.estimate(m43, "symmetric", noise="sampled", samples=0)


def test_label_of_an_event_is_its_second_input():
    x = np.random.default_rng(0).normal(size=(100, 3))
    for row in x:
        ordering = tuple(int(i) for i in np.argsort(-row))
        assert ordering in orderings(3)
        assert ordering[1] == second_argmax(row)
