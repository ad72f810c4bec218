"""RateEncoder against NumPy's generator."""

import hashlib

import numpy as np
import pytest

from skliquid.encoding import RateEncoder


def test_rate_against_numpys_generator(ragged, unseen, training_range):
    low, high = training_range
    encoder = RateEncoder(4, max_rate=0.7, random_state=11).fit(ragged)
    assert encoder.seed_ == 11
    for x, code in zip(unseen, encoder.transform(unseen), strict=True):
        content = x.astype("<f4").tobytes()
        digest = hashlib.blake2b(content, digest_size=16, key=bytes([11] + [0] * 7)).digest()
        philox = np.random.Philox(key=int.from_bytes(digest, "little"))
        draws = np.random.Generator(philox).random((len(x), 4, 3))
        p = 0.7 * np.clip((x - low) / (high - low), 0, 1)
        np.testing.assert_array_equal(code, (draws < p[:, None]).reshape(-1, 3))


def test_rate_is_binomial():
    levels = np.linspace(-0.5, 1.5, 9)
    encoder = RateEncoder(20000, max_rate=0.8, random_state=0).fit([[[0.0], [1.0]]])
    rates = encoder.transform(levels[None, :, None]).reshape(9, 20000).mean(axis=1)
    p = 0.8 * np.clip(levels, 0, 1)
    assert (np.abs(rates - p) <= 5 * np.sqrt(p * (1 - p) / 20000)).all()
    steps = encoder.transform([[[0.5]]]).ravel() - 0.4
    assert abs(np.mean(steps[1:] * steps[:-1])) < 5 * 0.24 / np.sqrt(20000)


def test_rate_is_the_same_on_every_machine():
    encoder = RateEncoder(24, random_state=0).fit([[[0.0], [1.0]]])
    code = encoder.transform([[[0.5]]]).ravel().astype(int)
    assert "".join(map(str, code)) == "000010011100000011011000"


def test_equal_values_have_equal_spikes():
    encoder = RateEncoder(50, random_state=0).fit([[[-1.0], [1.0]]])
    np.testing.assert_array_equal(encoder.transform([[[0.0]]]), encoder.transform([[[-0.0]]]))
    other = encoder.transform([[[1e-7]]])
    assert (other != encoder.transform([[[0.0]]])).any()


@pytest.mark.usefixtures("same_draws_every_run")
def test_random_state(ragged):
    def code(state):
        return np.concatenate(RateEncoder(random_state=state).fit_transform(ragged))

    np.testing.assert_array_equal(code(3), code(3))
    assert (code(3) != code(4)).any()
    state = np.random.RandomState(0)
    assert (code(state) != code(state)).any()
    assert (code(None) != code(None)).any()
    encoder = RateEncoder().fit(ragged)
    codes = (np.concatenate(encoder.transform(ragged)) for _ in range(2))
    np.testing.assert_array_equal(*codes)
