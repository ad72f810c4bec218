"""DeltaEncoder against its definition, written out as a loop."""

import numpy as np
import pytest

from skliquid.encoding import DeltaEncoder


def naive_delta(x, reference, threshold):
    events = []
    for value in x:
        on = off = 0
        while (value - reference) / threshold >= 1:
            reference, on = reference + threshold, on + 1
        while (value - reference) / threshold <= -1:
            reference, off = reference - threshold, off + 1
        events.append((on, off))
    return np.array(events)


@pytest.mark.parametrize("start", ["mean", "first"])
@pytest.mark.parametrize("threshold", [0.05, 0.5, 3.0])
def test_delta_against_a_loop(ragged, unseen, threshold, start):
    frames = np.concatenate(ragged)
    mean, std = frames.mean(axis=0), frames.std(axis=0)
    encoder = DeltaEncoder(threshold, start=start).fit(ragged)
    np.testing.assert_allclose(encoder.mean_, mean, rtol=1e-6)
    np.testing.assert_allclose(encoder.threshold_, threshold * std, rtol=1e-6)
    codes = encoder.transform(unseen)
    for x, code in zip(unseen, codes, strict=True):
        for c in range(3):
            reference = x[0, c] if start == "first" else encoder.mean_[c]
            expected = naive_delta(x[:, c], reference, encoder.threshold_[c])
            np.testing.assert_array_equal(code[:, 2 * c : 2 * c + 2], expected)


def test_delta_gives_the_signal_back_within_a_threshold(ragged, unseen):
    for start in ("mean", "first"):
        encoder = DeltaEncoder(0.3, start=start).fit(ragged)
        for x, code in zip(unseen, encoder.transform(unseen), strict=True):
            steps = np.cumsum(code[:, 0::2] - code[:, 1::2], axis=0)
            origin = x[0] if start == "first" else encoder.mean_
            error = np.abs(origin + steps * encoder.threshold_ - x)
            assert (error <= encoder.threshold_ * (1 + 1e-9)).all()
            assert start == "mean" or not code[0].any()


def test_delta_counts_are_limited():
    encoder = DeltaEncoder(1.0).fit([[[-1.0], [1.0]]])
    code = encoder.transform([[[0.0], [3e38], [-3e38]]])
    assert code.tolist() == [[[0.0, 0.0], [2.0**24, 0.0], [0.0, 2.0**24]]]


def test_weights_are_repetitions_to_delta(ragged):
    weight = [0, 1, 2, 3, 0, 1, 1]
    repeated = [x for x, w in zip(ragged, weight, strict=True) for _ in range(w)]
    one = DeltaEncoder().fit(ragged, sample_weight=weight)
    other = DeltaEncoder().fit(repeated)
    np.testing.assert_array_equal(one.threshold_, other.threshold_)
    np.testing.assert_array_equal(one.mean_, other.mean_)
