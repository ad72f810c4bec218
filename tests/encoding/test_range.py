"""What the encoders that read a range have in common."""

import numpy as np

from skliquid.encoding import LatencyEncoder, PopulationEncoder


def test_what_rounding_leaves_of_a_constant_is_no_signal():
    X = np.array([[[1.0]], [[np.nextafter(1, 2, dtype=np.float32)]]], dtype=np.float32)
    codes = PopulationEncoder(8).fit_transform(X)
    np.testing.assert_allclose(codes[0], codes[1], atol=1e-5)
    assert LatencyEncoder(2).fit_transform(X).ravel().tolist() == [0, 1, 0, 1]
