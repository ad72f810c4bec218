import numpy as np

from skliquid.readouts._root import make_root, signed_root


def test_signed_roots():
    np.testing.assert_array_equal(signed_root(np.array([[9.0, -4.0, 0.0]])), [[3.0, -2.0, 0.0]])
    many = np.random.default_rng(0).normal(size=(300, 700))
    np.testing.assert_array_equal(signed_root(many), np.sign(many) * np.sqrt(np.abs(many)))
    assert signed_root(np.ones((1, 1), dtype=np.float32)).dtype == np.float32


def test_counts_vary_alike_whatever_their_mean():
    counts = np.random.default_rng(0).poisson([5, 50, 500], size=(4000, 3))
    np.testing.assert_allclose(make_root().fit_transform(counts).var(axis=0), 0.25, rtol=0.15)


def test_features_keep_their_names():
    root = make_root().fit(np.ones((2, 2)))
    assert root.get_feature_names_out(["a", "b"]).tolist() == ["a", "b"]
