"""The training loop, with a model whose losses are known."""

import numpy as np
import pytest

from skliquid.readouts._descent import Schedule, descend

IS_HELD_OUT = np.arange(10) % 4 == 3
LEARNED, HELD_OUT = np.flatnonzero(~IS_HELD_OUT), np.flatnonzero(IS_HELD_OUT)


class Scripted:
    """Its loss after pass k is ``losses[k]``, and that of sample i is 100 i more."""

    def __init__(self, losses):
        self.losses, self.n_steps, self.batches = losses, 0, []

    def step(self, samples, rng):
        self.n_steps += 1
        self.batches.append(samples)
        return 100.0 * samples.mean()

    def loss(self, samples):
        return self.losses[self.parameters() - 1] + 100.0 * samples.mean()

    def parameters(self):
        return self.n_steps // 3  # passes


def schedule(**changes):
    known = {"batch_size": 3, "max_iter": 20, "n_iter_no_change": 3, "tol": 0.0}
    return Schedule(learning_rate=1.0, **known | changes)


def trained(losses, is_held_out=IS_HELD_OUT, **changes):
    model = Scripted(losses)
    rng = np.random.default_rng(0)
    return model, *descend(model, is_held_out, schedule(**changes), rng)


def test_every_pass_takes_every_learned_sample_once_in_a_new_order():
    model, _, curves = trained([1.0] * 20, max_iter=5, n_iter_no_change=9)
    assert [len(batch) for batch in model.batches] == [3, 3, 2] * 5
    passes = np.concatenate(model.batches).reshape(5, -1)
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(passes, [rng.permutation(LEARNED) for _ in range(5)])
    np.testing.assert_allclose(curves["training"], 100.0 * LEARNED.mean())
    np.testing.assert_allclose(curves["validation"], 1.0 + 100.0 * HELD_OUT.mean())


@pytest.mark.parametrize(
    ("losses", "tol", "n_passes", "best"),
    [
        ([5, 4, 3, 2, 1, 0], 0.0, 6, 6),  # to the end
        ([5, 4, 6, 7, 8, 0], 0.0, 5, 2),  # nothing better for three passes
        ([5, 4, 6, 7, 3, 2], 0.0, 6, 6),  # better just in time
        ([5, 4, 3.9, 3.8, 3.7, 0], 0.5, 5, 5),  # better by too little, but the best
        ([np.nan, 5, 6, 7, 8, 0], 0.0, 5, 2),
    ],
)
def test_stops_without_progress_and_keeps_the_best(losses, tol, n_passes, best):
    _, kept, curves = trained(losses, tol=tol, max_iter=6)
    assert len(curves["validation"]) == len(curves["training"]) == n_passes
    assert kept == best


def test_without_held_out_samples_the_training_decides():
    _, kept, curves = trained([], np.zeros(9, dtype=bool))
    assert list(curves) == ["training"]
    assert (len(curves["training"]), kept) == (4, 1)  # its loss is always the same
