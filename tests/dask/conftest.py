"""A cluster of two processes, and sequences in parts."""

import dask
import dask.array as da
import dask.bag as db
import numpy as np
import pytest
from distributed import Client, LocalCluster

# Sequences of the parts, of which some hold more than there are features and one holds none.
LENGTHS = [40, 100, 30, 0, 60, 10, 90, 70]


@pytest.fixture(scope="package")
def client(tmp_path_factory):
    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",
            local_directory=tmp_path_factory.mktemp("dask"),
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="package")
def data():
    """400 sequences of three classes, and a number and another for each."""
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=sum(LENGTHS))
    phase = np.arange(25) * (0.3 + 0.15 * labels[:, None]) + rng.uniform(0, 6, (len(labels), 1))
    X = np.stack([np.sin(phase), rng.normal(size=phase.shape)], axis=2)
    X += 0.3 * rng.normal(size=X.shape)
    return X, np.array(["a", "b", "c"])[labels], np.stack([labels, X.mean(axis=(1, 2))], axis=1)


@pytest.fixture(scope="package")
def cut():
    """Cut an array, or the rows of a list, into the parts."""

    def parts(values):
        ends = np.cumsum(LENGTHS)
        return [values[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]

    return parts


@pytest.fixture(scope="package")
def as_dask(cut):
    """Give values to Dask in parts: as an array, a bag or a list of delayed parts."""

    def given(values, kind):
        parts = cut(values)
        if kind == "array":
            rest = tuple((size,) for size in values.shape[1:])
            return da.from_array(values, chunks=((*LENGTHS,), *rest))
        delayed = [dask.delayed(part, traverse=False) for part in parts]
        return db.from_delayed(delayed) if kind == "bag" else delayed

    return given
