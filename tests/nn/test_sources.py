"""Spikes at given times, exactly; random ones by their statistics and their keys."""

import copy
import pickle

import mlx.core as mx
import numpy as np
import pytest
from scipy import stats

from skliquid.nn import PoissonEncoder, PoissonSpike, SpikeTime

RATES = np.array([0.0, 0.02, 0.3, 1.0])


def test_spikes_come_at_their_times_and_at_no_others():
    rng = np.random.default_rng(0)
    expected = rng.random((50, 7)) < 0.2
    times, indices = np.nonzero(expected)
    order = rng.permutation(len(times))
    source = SpikeTime(7, indices[order], times[order])
    spikes, state = source.forward_sequence(80, source.init_state(2))
    assert spikes.dtype == mx.float32
    for sequence in np.array(spikes).transpose(1, 0, 2):
        np.testing.assert_array_equal(sequence[:50], expected)
        assert not sequence[50:].any()
    assert state["t"].tolist() == [80, 80]
    assert mx.array_equal(source({"t": mx.array([49, 3])})[0], mx.array(expected[[49, 3]]))


def test_no_spike_at_all():
    spikes, _ = SpikeTime(3, [], []).forward_sequence(4)
    assert spikes.shape == (4, 1, 3)
    assert not spikes.any()


def encoded(seed, n_timesteps, batch):
    encoder = PoissonEncoder(4, seed)
    rates = mx.broadcast_to(mx.array(RATES, mx.float32), (n_timesteps, batch, 4))
    return encoder.forward_sequence(rates, encoder.init_state(batch))[0]


def drawn(seed, n_timesteps, batch):
    source = PoissonSpike(4, RATES, seed)
    return source.forward_sequence(n_timesteps, source.init_state(batch))[0]


@pytest.mark.parametrize("draw", [drawn, encoded])
def test_counts_and_intervals_are_those_of_independent_steps(draw):
    spikes = np.array(draw(0, 1000, 20))
    assert set(np.unique(spikes)) == {0, 1}
    counts = spikes.sum(axis=0)
    assert (counts[:, 0] == 0).all()
    assert (counts[:, 3] == 1000).all()
    for i in (1, 2):
        p = stats.binomtest(int(counts[:, i].sum()), 20_000, RATES[i]).pvalue
        assert p > 0.01
        intervals = np.concatenate([np.diff(np.flatnonzero(row)) for row in spikes[:, :, i].T])
        shorter = (intervals <= 1 / RATES[i]).sum()
        expected = stats.geom.cdf(1 / RATES[i], RATES[i])
        assert stats.binomtest(int(shorter), len(intervals), expected).pvalue > 0.01
    between = np.corrcoef(spikes[:, :, 2].T) - np.eye(20)
    assert np.abs(between).max() < 4.5 / np.sqrt(1000)
    following = np.corrcoef(spikes[1:, :, 2].ravel(), spikes[:-1, :, 2].ravel())[0, 1]
    assert abs(following) < 4 / np.sqrt(20_000)


@pytest.mark.parametrize("draw", [drawn, encoded])
def test_a_seed_is_the_spikes(draw):
    assert mx.array_equal(draw(5, 30, 3), draw(5, 30, 3))
    assert not mx.array_equal(draw(5, 30, 3), draw(6, 30, 3))
    mx.random.seed(0)
    first, other = draw(None, 30, 3), draw(None, 30, 3)
    mx.random.seed(0)
    assert mx.array_equal(draw(None, 30, 3), first)
    assert not mx.array_equal(first, other)


def test_a_sequence_depends_on_its_key_alone():
    source = PoissonSpike(4, RATES, seed=0)
    state = source.init_state(3)
    whole, last = source.forward_sequence(9, state)
    alone, state = source.forward_sequence(5, {"key": state["key"][1:2]})
    rest, state = source.forward_sequence(4, state)
    assert mx.array_equal(mx.concatenate([alone, rest]), whole[:, 1:2])
    assert mx.array_equal(state["key"], last["key"][1:2])
    encoder = PoissonEncoder(4, seed=0)
    x = mx.broadcast_to(source.rate, (9, 3, 4))
    assert mx.array_equal(encoder.forward_sequence(x)[0], whole)
    output, _ = encoder(x[0], encoder.init_state(3))
    assert mx.array_equal(output, whole[0])


def test_gradients_are_those_of_the_mean():
    encoder = PoissonEncoder(4, seed=0)
    on_spikes = mx.random.normal((6, 2, 4), key=mx.random.key(1))
    x = mx.broadcast_to(mx.array(RATES, mx.float32), (6, 2, 4))
    gradient = mx.grad(lambda x: (on_spikes * encoder.forward_sequence(x)[0]).sum())(x)
    assert mx.array_equal(gradient, on_spikes)
    source = PoissonSpike(4, 0.2, seed=0)
    assert not source.trainable_parameters()

    def loss(rate):
        source.rate = rate
        return (on_spikes * source.forward_sequence(6, source.init_state(2))[0]).sum()

    gradient = mx.grad(loss)(source.rate)
    assert mx.allclose(gradient, on_spikes.sum(axis=(0, 1)), atol=1e-5)


@pytest.mark.parametrize(
    "source", [SpikeTime(3, [0, 2, 1], [4, 0, 1]), PoissonSpike(3, 0.5, seed=1)]
)
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_sources_copy_and_pickle(source, duplicate):
    other = duplicate(source)
    assert mx.array_equal(other.forward_sequence(6)[0], source.forward_sequence(6)[0])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: SpikeTime(3, [0, 3], [1, 2]), ValueError, r"indices .* in \[0, 2\], got \[0, 3"),
        (lambda: SpikeTime(3, [0], [-1]), ValueError, r"times must .* \[0, 1048576\], got \[-1\]"),
        (lambda: SpikeTime(3, [0], [1.0]), TypeError, r"times must be .* got \[1.0\]"),
        (lambda: SpikeTime(3, 0, [1]), TypeError, "indices must be a sequence .* got 0"),
        (lambda: SpikeTime(3, [0], [1, 2]), ValueError, "equal length, got 1 and 2"),
        (lambda: SpikeTime(3, [0, 0], [1, 1]), ValueError, "no unit twice at one step"),
        (lambda: SpikeTime(0, [], []), ValueError, "output_size must be .* got 0"),
        (lambda: PoissonSpike(3, 1.5), ValueError, r"rate must be .* in \[0, 1\], got 1.5"),
        (lambda: PoissonSpike(3, [0.1]), ValueError, r"rate must be a number or .* \(3,\)"),
        (lambda: PoissonSpike(3, 0.1, seed=-1), ValueError, "seed must be .* got -1"),
        (lambda: PoissonEncoder(3, seed=1.5), TypeError, "seed must be .* got 1.5"),
        (
            lambda: PoissonSpike(3, 0.1).forward_sequence(0),
            ValueError,
            "n_timesteps must",
        ),
        (lambda: PoissonSpike(3, 0.1)(None), TypeError, 'dict with "key", got None'),
        (
            lambda: PoissonSpike(3, 0.1)({"key": mx.zeros((2, 3), mx.uint32)}),
            ValueError,
            r"has shape \(2, 3\); expected \(batch, 2\) = \(2, 2\)",
        ),
        (
            lambda: SpikeTime(3, [], [])({"t": mx.zeros((2, 1), mx.uint32)}),
            ValueError,
            r"has shape \(2, 1\); expected \(batch,\) = \(2,\)",
        ),
        (
            lambda: PoissonEncoder(3)(mx.ones((2, 3)), {"key": mx.zeros((1, 2), mx.uint32)}),
            ValueError,
            r"has shape \(1, 2\); expected \(batch, 2\) = \(2, 2\)",
        ),
    ],
)
def test_bad_calls(call, error, message):
    with pytest.raises(error, match=message):
        call()
