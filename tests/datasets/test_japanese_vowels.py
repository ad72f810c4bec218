import numpy as np

from skliquid.datasets import load_japanese_vowels


def test_japanese_vowels():
    X_train, y_train, X_test, y_test = load_japanese_vowels()
    assert (len(X_train), len(X_test)) == (270, 370)
    lengths = [len(x) for x in X_train + X_test]
    assert (min(lengths), max(lengths)) == (7, 29)
    assert {x.shape[1] for x in X_train + X_test} == {12}
    # The first frame of the file that the UCI repository distributes.
    np.testing.assert_allclose(X_train[0][0, :3], [1.860936, -0.207383, 0.261557], rtol=1e-6)
    assert np.unique(y_train, return_counts=True)[1].tolist() == [30] * 9
    by_speaker = [31, 35, 88, 44, 29, 24, 40, 50, 29]
    assert np.unique(y_test, return_counts=True)[1].tolist() == by_speaker
