"""States that several readouts are trained on."""

import pytest

from skliquid import LiquidTransformer


@pytest.fixture(scope="session")
def trains(few_vowels):
    """Spikes of fifty neurons that hear thirty utterances by three speakers, and the speakers."""
    X, y = few_vowels
    return LiquidTransformer(50, random_state=0).fit(X).spikes(X), y
