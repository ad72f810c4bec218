"""What holds for any sequences, in any form, and any parameters of encoder and reservoir."""

import pickle
import tempfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from sklearn.base import clone

from skliquid import LiquidTransformer, LSMClassifier
from skliquid.encoding import (
    BSAEncoder,
    CompressionEncoder,
    CurrentEncoder,
    DeltaEncoder,
    LatencyEncoder,
    PopulationEncoder,
    RateEncoder,
)
from skliquid.engines import ENGINES
from skliquid.pooling import POOLINGS
from skliquid.reservoirs.rate_reservoir import CELLS
from skliquid.reservoirs.synapses import TOPOLOGIES

# Small graphs have no cycles, parameters are set that do not act, values reach 3e38.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

UNWINDOWED = [name for name in POOLINGS if name != "model_space"]
SEED = st.integers(0, 2**31 - 1)
FRACTION = st.floats(0.01, 0.99)
DECAY = st.floats(0.001, 0.999)
ENCODERS = {
    CurrentEncoder: {"derivative": st.booleans()},
    CompressionEncoder: {"knee": st.floats(0.01, 100)},
    PopulationEncoder: {"n_neurons": st.integers(3, 6), "width": st.floats(0.1, 3)},
    DeltaEncoder: {"threshold": st.floats(0.01, 10), "start": st.sampled_from(["mean", "first"])},
    LatencyEncoder: {"n_steps": st.integers(1, 6)},
    RateEncoder: {"n_steps": st.integers(1, 6), "max_rate": FRACTION, "random_state": SEED},
    BSAEncoder: {"n_taps": st.integers(2, 8), "threshold": FRACTION, "cutoff": FRACTION},
}


def pair(elements):
    return st.tuples(elements, elements).map(lambda ends: tuple(sorted(ends)))


def some(elements):
    """One or several different ones."""
    return elements | st.lists(elements, min_size=1, max_size=4, unique=True)


encoders = st.sampled_from(list(ENCODERS)).flatmap(
    lambda Encoder: st.builds(Encoder, **ENCODERS[Encoder])
)
parameters = st.fixed_dictionaries(
    # The least that every graph and every pooling takes.
    {"reservoir_size": st.integers(3, 30), "n_windows": some(st.integers(3, 5))},
    optional={
        "connectivity": st.none() | FRACTION,
        "recurrent_fraction": FRACTION,
        "spectral_radius": st.floats(0, 4),
        "exc_ratio": st.floats(0, 1),
        "ei_balance": st.none() | st.floats(0, 4),
        "beta": DECAY | pair(DECAY),
        "relative_tau": st.none() | FRACTION | pair(FRACTION),
        "threshold": st.floats(0.01, 100),
        "adaptation": st.floats(0, 10),
        "tau_adaptation": st.floats(0.01, 100),
        "refractory": st.integers(0, 4),
        "topology": st.sampled_from(list(TOPOLOGIES)),
        "cell": st.sampled_from(list(CELLS)),
        "encoder": st.none() | encoders,
        "scale_channels": st.booleans() | st.just("common"),
        "derivative": st.booleans(),
        "input_scaling": st.floats(0, 100),
        "n_delays": st.integers(1, 6),
        "max_delay": st.integers(0, 30),
        "max_channels": st.none() | st.integers(1, 5),
        "target_rate": st.none() | FRACTION | pair(FRACTION),
        "bidirectional": st.booleans(),
        "n_liquids": st.integers(1, 2),
        "pooling": some(st.sampled_from(list(POOLINGS))),
        "tau_trace": st.floats(0.01, 100),
        "random_state": SEED,
    },
)
liquids = st.builds(lambda given: LiquidTransformer(**({"random_state": 0} | given)), parameters)


def sequences(n_channels, *, min_size=1, max_size=5, min_length=1, max_length=12):
    """Lists of float64 arrays of values that float32 holds, ordinary ones or of any size."""

    def frames(most):
        value = st.floats(-most, most, width=32)
        lengths = st.integers(min_length, max_length)
        one = lengths.flatmap(lambda n: nps.arrays(np.float64, (n, n_channels), elements=value))
        return st.lists(one, min_size=min_size, max_size=max_size)

    return st.sampled_from([10.0, float(np.finfo(np.float32).max)]).flatmap(frames)


# Training sequences, and others of as many channels.
collections = st.integers(1, 3).flatmap(lambda c: st.tuples(sequences(c), sequences(c)))


@given(liquids, collections, st.data())
def test_features_depend_on_their_sequence_alone(liquid, collection, data):
    training, X = collection
    features = liquid.fit(training).transform(X)
    assert np.isfinite(features).all()
    assert features.shape == (len(X), len(liquid.get_feature_names_out()))
    order = data.draw(st.lists(st.integers(0, len(X) - 1), min_size=1), label="order")
    np.testing.assert_array_equal(liquid.transform([X[i] for i in order]), features[order])
    how = {"batch_size": data.draw(st.integers(1, 6)), "n_jobs": data.draw(st.integers(1, 3))}
    if liquid.cell == "lif":
        how["engine"] = data.draw(st.sampled_from(list(ENGINES)), label="engine")
    np.testing.assert_array_equal(liquid.set_params(**how).transform(X), features)


@given(liquids, collections)
def test_what_is_fitted_is_a_function_of_parameters_and_data(liquid, collection):
    training, X = collection
    features = liquid.fit(training).transform(X)
    again = clone(liquid).set_params(**liquid.get_params(deep=False))
    np.testing.assert_array_equal(again.fit(training).transform(X), features)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(liquid)).transform(X), features)
    np.testing.assert_array_equal(
        clone(liquid).fit_transform(training), liquid.transform(training)
    )


@given(liquids, collections, st.data())
def test_pieces_of_a_stream_are_the_whole(liquid, collection, data):
    training, X = collection
    liquid.set_params(bidirectional=False, n_windows=[1], pooling=UNWINDOWED)
    if isinstance(liquid.encoder, RateEncoder | BSAEncoder):
        liquid.set_params(encoder="compression")
    stream, seen = liquid.fit(training).open_stream(len(X)), [0] * len(X)
    while seen != [len(x) for x in X]:
        left = [data.draw(st.integers(0, len(x) - i)) for i, x in zip(seen, X, strict=True)]
        last = [len(x) - n for n, x in zip(left, X, strict=True)]
        stream.push([x[i:j] for x, i, j in zip(X, seen, last, strict=True)])
        seen = last
    np.testing.assert_array_equal(stream.features(), liquid.transform(X))


def padded(X):
    """One array, NaN after each end."""
    array = np.full((len(X), max(map(len, X)), X[0].shape[1]), np.nan)
    for row, x in zip(array, X, strict=True):
        row[: len(x)] = x
    return array


def objects(X):
    array = np.empty(len(X), dtype=object)
    array[:] = X
    return array


def mapped(X):
    with tempfile.TemporaryFile() as file:
        array = np.memmap(file, X.dtype, "w+", shape=X.shape)
    array[:] = X
    return array


def locked(x):
    x = x.copy()
    x.flags.writeable = False
    return x


OF_EACH = {
    "a list of lists": np.ndarray.tolist,
    "a frame": pd.DataFrame,
    "the other byte order": lambda x: x.astype(">f8"),
    "more digits": lambda x: x.astype(np.longdouble),
    "objects": lambda x: x.astype(object),
    "Fortran's order": np.asfortranarray,
    "backwards": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    "every other": lambda x: np.repeat(np.repeat(x, 2, axis=0), 3, axis=1)[::2, ::3],
    "read only": locked,
    "a file": mapped,
}
OF_ALL = {
    "a tuple": tuple,
    "an array of objects": objects,
    "padded": padded,
    "parts": lambda X: iter([X[:1], X[1:]] if len(X) > 1 else [X]),
}


@given(liquids, collections, st.data())
def test_form_does_not_matter(liquid, collection, data):
    training, X = collection
    expected = liquid.fit(training).transform(X)
    each = data.draw(st.sampled_from(list(OF_EACH)), label="of each")
    np.testing.assert_array_equal(liquid.transform([OF_EACH[each](x) for x in X]), expected)
    of_all = data.draw(st.sampled_from(list(OF_ALL)), label="of all")
    np.testing.assert_array_equal(liquid.transform(OF_ALL[of_all](X)), expected)
    again = clone(liquid).fit([OF_EACH[each](x) for x in training])
    np.testing.assert_array_equal(again.transform(X), expected)
    single = liquid.transform([x.astype(np.float32) for x in X])
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, expected.astype(np.float32))


@st.composite
def supervised(draw):
    """Sequences of at least two samples, two classes among them, and weights."""
    X = draw(st.integers(1, 3).flatmap(lambda c: sequences(c, min_size=2, max_size=10)))
    y = draw(st.lists(st.sampled_from("abc"), min_size=len(X), max_size=len(X)))
    y[:2] = "a", "b"
    weight = draw(st.lists(st.integers(1, 3), min_size=len(X), max_size=len(X)))
    return X, np.array(y), np.array(weight, dtype=float)


@given(parameters, supervised(), st.data())
def test_classes_are_those_of_the_liquid_and_its_readout(parameters, samples, data):
    X, y, weight = samples
    lsm = LSMClassifier(**({"random_state": 0} | parameters)).fit(X, y, weight)
    scores = lsm.decision_function(X)
    assert np.isfinite(scores).all()
    order = data.draw(st.lists(st.integers(0, len(X) - 1), min_size=1), label="order")
    some = [X[i] for i in order]
    np.testing.assert_array_equal(lsm.decision_function(some), scores[order])
    np.testing.assert_array_equal(lsm.predict(some), lsm.predict(X)[order])
    copy = pickle.loads(pickle.dumps(lsm))
    np.testing.assert_array_equal(copy.decision_function(X), scores)
    parts = clone(lsm)
    where = data.draw(st.permutations(range(len(X))), label="where")
    cuts = sorted(data.draw(st.lists(st.integers(1, len(X) - 1), max_size=3, unique=True)))
    for rows in np.split(np.array(where), cuts):
        given = {} if hasattr(parts, "pipeline_") else {"liquid": lsm.pipeline_[0]}
        parts.partial_fit([X[i] for i in rows], y[rows], lsm.classes_, weight[rows], **given)
    if parts.pipeline_[-1].alpha_ == lsm.pipeline_[-1].alpha_:
        np.testing.assert_allclose(parts.decision_function(X), scores, rtol=1e-6, atol=1e-6)
    expected = lsm.pipeline_[-1].best_score_
    np.testing.assert_allclose(parts.pipeline_[-1].best_score_, expected, rtol=1e-5, atol=1e-9)


@given(encoders, collections, st.data())
def test_code_depends_on_its_sequence_alone_and_on_its_past(encoder, collection, data):
    training, X = collection
    codes = encoder.fit(training).transform(X)
    n_channels = len(encoder.get_feature_names_out())
    for x, code in zip(X, codes, strict=True):
        assert code.shape == (encoder.n_steps * len(x), n_channels)
        assert np.isfinite(code).all()
    order = data.draw(st.lists(st.integers(0, len(X) - 1), min_size=1), label="order")
    again = pickle.loads(pickle.dumps(encoder)).transform([X[i] for i in order])
    for i, code in zip(order, again, strict=True):
        np.testing.assert_array_equal(code, codes[i])
    if not encoder._waits_for:
        lasts = [data.draw(st.integers(1, len(x)), label="last") for x in X]
        begun = encoder.transform([x[:last] for x, last in zip(X, lasts, strict=True)])
        for beginning, code in zip(begun, codes, strict=True):
            np.testing.assert_array_equal(beginning, code[: len(beginning)])
