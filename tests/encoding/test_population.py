"""PopulationEncoder against its definition."""

import numpy as np
import pytest

from skliquid.encoding import PopulationEncoder


@pytest.mark.parametrize(("m", "width"), [(8, 2 / 3), (3, 0.2), (20, 2.0)])
def test_population_against_bohte(ragged, unseen, m, width, training_range):
    low, high = training_range
    codes = PopulationEncoder(m, width=width).fit(ragged).transform(unseen)
    for x, code in zip(unseen, codes, strict=True):
        assert code.shape == (len(x), 3 * m)
        for c in range(3):
            for i in range(1, m + 1):
                spacing = (high[c] - low[c]) / (m - 2)
                centre = low[c] + (2 * i - 3) / 2 * spacing
                answer = np.exp(-((x[:, c] - centre) ** 2) / (2 * (width * spacing) ** 2))
                np.testing.assert_allclose(code[:, c * m + i - 1], answer, atol=1e-7)


def test_far_from_a_field_its_answer_is_zero_where_numpy_is_told_to_raise(ragged):
    encoder = PopulationEncoder(width=0.01).fit(ragged)
    expected = encoder.transform(ragged)
    with np.errstate(all="raise"):
        found = encoder.transform(ragged)
    for code, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(code, other)
