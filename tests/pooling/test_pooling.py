"""The pooled features against the same quantities counted in the spike trains."""

from itertools import groupby

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from skliquid import LiquidTransformer
from skliquid.engines import ENGINES
from skliquid.pooling import Pools, halves, make_plan, pooled_features
from skliquid.pooling._model_space import N_COMPONENTS

SCALES = (1, 3, 4)


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(0)
    return [rng.normal(size=(t, 2)).cumsum(axis=0) for t in (1, 2, 3, 5, 12, 40, 70)]


@pytest.fixture(scope="module")
def transformer(X):
    return LiquidTransformer(40, target_rate=0.4, random_state=0).fit(X)


def runs(train):
    """Lengths of the runs of steps in which a neuron fires."""
    return [len(list(run)) for fired, run in groupby(train) if fired]


def in_windows(spikes, n_windows):
    """Spikes of each neuron in equal windows, step by step."""
    counts = np.zeros((n_windows, spikes.shape[1]))
    for t, fired in enumerate(spikes):
        counts[t * n_windows // len(spikes)] += fired
    return counts


def model_space(spikes):
    """Ridge regression of each window's projected spikes on those of the one before."""
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(spikes.shape[1], N_COMPONENTS))
    states = in_windows(spikes, SCALES[-1]) @ signs
    before = np.hstack([np.ones((len(states) - 1, 1)), states[:-1]])
    alpha = 0.1 * (before**2).sum() / (N_COMPONENTS + 1)
    ridge = Ridge(alpha=alpha, fit_intercept=False, solver="cholesky")
    return ridge.fit(before, states[1:]).coef_.T.ravel()


NAIVE = {
    "rate": lambda spikes: spikes.mean(axis=0),
    "counts": lambda spikes: np.concatenate([in_windows(spikes, n).ravel() for n in SCALES]),
    "bursts": lambda spikes: [len(runs(train)) for train in spikes.T],
    "longest_burst": lambda spikes: [max(runs(train), default=0) for train in spikes.T],
    "first_spike": lambda spikes: [
        np.argmax(train) / len(train) if train.any() else 1.0 for train in spikes.T
    ],
    "trace": lambda spikes: np.exp(-np.arange(len(spikes))[::-1] / 3.0) @ spikes,
    "model_space": model_space,
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", NAIVE)
@pytest.mark.filterwarnings("ignore:.*does not act")
def test_pooling_of_spikes(X, transformer, name, engine):
    pooled = LiquidTransformer(
        **transformer.get_params()
        | {"pooling": name, "n_windows": SCALES, "tau_trace": 3.0, "engine": engine}
    ).fit(X)
    features, trains = pooled.transform(X), transformer.spikes(X)
    assert 0.1 < np.mean([train.mean() for train in trains[3:]]) < 0.6
    expected = [NAIVE[name](spikes) for spikes in trains]
    np.testing.assert_allclose(features, expected, rtol=1e-6, atol=2e-5)
    if name not in ("trace", "model_space"):
        np.testing.assert_array_equal(features, expected)


def test_several_scales_are_each_scale_alone(X, transformer):
    def features(n_windows):
        parameters = {"pooling": ("potentials", "counts"), "n_windows": n_windows}
        pooled = LiquidTransformer(**transformer.get_params() | parameters).fit(X)
        return dict(zip(pooled.get_feature_names_out(), pooled.transform(X).T, strict=True))

    together = features((6, 4, 1))
    assert len(together) == 40 * 2 * 11
    for scale in (6, 4, 1):
        for name, values in features(scale).items():
            other = name.replace("_neuron", f"of{scale}_neuron")
            np.testing.assert_array_equal(together[other], values)


def test_rectified_and_membrane_are_of_one_potential(X, transformer):
    """The mean of the positive part is half of that of the magnitude and the mean."""
    pooled = LiquidTransformer(
        **transformer.get_params() | {"pooling": ("rectified", "membrane", "last")}
    ).fit(X)
    features = pooled.transform(X)
    one_step = features[0]
    np.testing.assert_array_equal(one_step[:40], np.maximum(one_step[40:80], 0))
    np.testing.assert_array_equal(one_step[40:80], one_step[80:120])
    rectified, membrane = features[:, :40], features[:, 40:80]
    assert (rectified >= np.maximum(membrane, 0)).all()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("counts", (), 1.0), ValueError, r"n_windows must be .* got \(\)"),
        (("counts", (2, 2), 1.0), ValueError, r"n_windows must be .* got \(2, 2\)"),
        (("counts", (2, 0), 1.0), ValueError, "n_windows must be .* got 0"),
        (("counts", (2, 1.5), 1.0), TypeError, "n_windows must be .* got 1.5"),
        (("model_space", 2, 1.0), ValueError, "n_windows must be at least 3 .* got 2"),
        (
            ("model_space", (8, 2), 1.0),
            ValueError,
            r"n_windows must be at least 3 .* got \(8, 2\)",
        ),
        (("trace", 1, -2.0), ValueError, "tau_trace must be .* got -2"),
    ],
)
def test_bad_plan(arguments, error, message):
    with pytest.raises(error, match=message):
        make_plan(*arguments)


def test_moments_where_the_sum_of_squares_would_pass_64_bits():
    far, n = 5_000_000, 3_000_000
    plan = make_plan("moments", 1, 1.0)
    spikes = np.arange(far - n, far)
    low, high = (each.sum() for each in halves(spikes**2))
    pools = Pools(
        counts=np.full((1, 1, 1), n),
        times=np.full((1, 1), spikes.sum()),
        squared_times=np.array([low, high]).reshape(1, 2, 1),
    )
    out = np.empty((1, 2))
    pooled_features(pools, np.array([far]), plan, out)
    x = (2.0 * spikes + 1) / far - 1
    np.testing.assert_allclose(out[0], [x.sum(), (1.5 * x**2 - 0.5).sum()], rtol=1e-9)
