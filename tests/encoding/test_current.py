"""CurrentEncoder against differences."""

import numpy as np

from skliquid.encoding import CurrentEncoder


def test_current_is_the_identity(ragged, unseen):
    encoder = CurrentEncoder().fit(ragged)
    for code, x in zip(encoder.transform(unseen), unseen, strict=True):
        np.testing.assert_array_equal(code, x)
    x = np.ones((1, 3, 2), dtype=np.float32)
    assert not np.shares_memory(CurrentEncoder().fit_transform(x), x)


def test_derivative_against_differences(ragged, unseen):
    codes = CurrentEncoder(derivative=True).fit(ragged).transform(unseen)
    for x, code in zip(unseen, codes, strict=True):
        difference = np.diff(x, axis=0, prepend=x[:1])
        np.testing.assert_allclose(code, np.hstack([x, difference]), rtol=1e-6, atol=1e-6)


def test_derivative_stays_finite():
    x = np.array([[[-3e38], [3e38], [-3e38]]])
    code = CurrentEncoder(derivative=True).fit_transform(x)
    largest = float(np.finfo(np.float32).max)
    assert code[0, :, 1].tolist() == [0.0, largest, -largest]
