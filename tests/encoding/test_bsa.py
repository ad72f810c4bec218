"""BSAEncoder against its definition, written out as a loop."""

import numpy as np
import pytest

from skliquid.encoding import BSAEncoder


def naive_bsa(u, h, threshold):
    """Figure 2 of Schrauwen and Van Campenhout, the last value held."""
    u, spikes = [*u, *[u[-1]] * (len(h) - 1)], []
    for t in range(len(u) - len(h) + 1):
        error1 = sum(abs(u[t + j] - h[j]) for j in range(len(h)))
        error2 = sum(abs(u[t + j]) for j in range(len(h)))
        spikes.append(error1 <= error2 - threshold)
        if spikes[-1]:
            for j in range(len(h)):
                u[t + j] -= h[j]
    return np.array(spikes)


@pytest.mark.parametrize(
    "parameters",
    [{}, {"n_taps": 1}, {"n_taps": 4, "threshold": 0.25}, {"n_taps": 31, "cutoff": 0.3}],
)
def test_bsa_against_a_loop(ragged, unseen, parameters, training_range):
    low, high = training_range
    encoder = BSAEncoder(**parameters).fit(ragged)
    n_spikes = 0
    for x, code in zip(unseen, encoder.transform(unseen), strict=True):
        u = np.ldexp(np.rint(np.ldexp(np.clip((x - low) / (high - low), 0, 1), 20)), -20)
        for c in range(3):
            expected = naive_bsa(u[:, c].tolist(), encoder.kernel_.tolist(), encoder.threshold)
            np.testing.assert_array_equal(code[:, c], expected)
            n_spikes += expected.sum()
    assert n_spikes > 20


def test_bsa_kernel_is_firwins():
    signal = pytest.importorskip("scipy.signal")
    encoder = BSAEncoder(21, cutoff=0.25).fit([[[0.0], [1.0]]])
    np.testing.assert_allclose(encoder.kernel_, signal.firwin(21, 0.25), atol=2.0**-21)
    assert (encoder.kernel_ * 2**20 % 1 == 0).all()  # so that sums are exact


@pytest.mark.parametrize("period", [60, 100, 200])
def test_bsa_gives_a_smooth_signal_back(period):
    t = np.arange(1000)
    wave = 3 + 2 * np.sin(2 * np.pi * t / period) + np.sin(3.3 * np.pi * t / period + 1)
    encoder = BSAEncoder()
    spikes = encoder.fit_transform(wave[None, :, None])[0, :, 0]
    u = (wave - wave.min()) / np.ptp(wave)
    error = (np.convolve(spikes, encoder.kernel_)[:1000] - u)[15:]
    assert np.sqrt(np.mean(error**2)) < 0.04
    # A constant would be this wrong.
    assert u.std() > 0.2
