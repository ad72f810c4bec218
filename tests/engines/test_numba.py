"""The Numba engine's forms of the weights, and its life among threads and processes."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import joblib
import numba
import numpy as np
import pytest
import threadpoolctl
from distributed import Client
from scipy import sparse
from sklearn.model_selection import GridSearchCV

from skliquid import LiquidTransformer, LSMClassifier, engines
from skliquid.engines import Runner, _numba
from skliquid.engines._numba import layout, pieces
from skliquid.pooling import POOLINGS, make_plan
from skliquid.reservoirs import draw_liquid
from skliquid.sequences import as_sequences


@pytest.fixture(scope="module")
def sequences():
    rng = np.random.default_rng(0)
    return as_sequences([2 * rng.normal(size=(t, 2)) for t in rng.integers(1, 60, size=40)])


def features(liquid, sequences, engine, n_jobs=None):
    runner = Runner(liquid, make_plan(POOLINGS, 3, 4.0), engine, n_jobs)
    return np.concatenate(
        [runner.features(sequences, samples) for samples in runner.batches(sequences)]
    )


@pytest.fixture(scope="module")
def oracle():
    """Features of the NumPy engine by what they were computed for."""
    return {}


DELAYED_AND_TIRED = {
    **{"n_delays": 5, "max_delay": 40, "max_channels": 2, "input_scaling": 2.0},
    **{"derivative_gain": np.ones(2), "beta": (0.3, 0.95), "ei_balance": 1.0},
    **{"adaptation": 0.2, "tau_adaptation": 4.0, "refractory": 1, "recurrent_fraction": 0.4},
}


@pytest.mark.parametrize("n", [1, 63, 64, 128, 129, 500])
@pytest.mark.parametrize("form", ["rows", "slabs", "synapses"])
@pytest.mark.parametrize("parameters", [{}, DELAYED_AND_TIRED], ids=["plain", "delayed"])
@pytest.mark.filterwarnings("ignore:The graph drawn")
def test_every_form_of_the_weights_gives_the_same_bits(
    monkeypatch, sequences, oracle, n, form, parameters
):
    monkeypatch.setattr(layout, "_is_sparse", lambda synapses: form == "synapses")
    if form == "slabs":
        monkeypatch.setattr(layout, "_SLAB_BYTES", 2**15)
        monkeypatch.setattr(layout, "_TOGETHER", 7)
    liquid = draw_liquid(2, n, connectivity=0.2, spectral_radius=1.5, **parameters, seed=0)
    rows = _numba.prepare(liquid).network.recurrence.rows
    assert (rows.shape[0] > 1) == (form == "slabs" and n > 128)
    assert (rows.size == 0) == (form == "synapses")
    key = (n, *parameters)
    if key not in oracle:
        oracle[key] = features(liquid, sequences, "numpy")
    for n_jobs in (1, 2):
        np.testing.assert_array_equal(features(liquid, sequences, "numba", n_jobs), oracle[key])


def test_slabs_of_a_large_dense_reservoir():
    """More sequences than go through a step together, and neurons in more than one slab."""
    n, rng = 1500, np.random.default_rng(0)
    W = rng.normal(size=(n, n)) * 0.8 / n**0.5
    liquid = draw_liquid(2, n, topology=W, **DELAYED_AND_TIRED, seed=0)
    assert _numba.prepare(liquid).network.recurrence.rows.shape[0] > 1
    X = as_sequences([2 * rng.normal(size=(t, 2)) for t in rng.integers(1, 9, size=70)])
    expected = features(liquid, X, "numpy")
    assert expected[:, :n].mean() > 0.05
    for n_jobs in (1, 2):
        np.testing.assert_array_equal(features(liquid, X, "numba", n_jobs), expected)


def test_a_mapped_model_and_mapped_frames_need_no_other_kernels(sequences, tmp_path):
    """Arrays of a mapped file are read-only, another type to Numba."""
    liquid = draw_liquid(2, 150, connectivity=0.02, **DELAYED_AND_TIRED, seed=0)
    expected = features(liquid, sequences, "numba")
    n_kernels = len(pieces.run.signatures)
    joblib.dump((liquid, sequences), tmp_path / "kept")
    mapped, frames = joblib.load(tmp_path / "kept", mmap_mode="r")
    assert not mapped.taps.delays.flags.writeable
    assert not frames.frames.flags.writeable
    np.testing.assert_array_equal(features(mapped, frames, "numba"), expected)
    assert len(pieces.run.signatures) == n_kernels


@pytest.mark.parametrize("topology", [np.zeros((70, 70)), sparse.csr_array((70, 70))])
def test_no_synapses(sequences, topology):
    liquid = draw_liquid(2, 70, topology=topology, **DELAYED_AND_TIRED, seed=0)
    got = features(liquid, sequences, "numba")
    np.testing.assert_array_equal(got, features(liquid, sequences, "numpy"))
    assert got[:, :70].mean() > 0.02


def test_strongest_weights_do_not_overflow():
    """All neurons fire at once into rows that use all of int16."""
    n = 200
    W = np.full((n, n), 0.5)
    W[1] *= -1
    liquid = draw_liquid(1, n, topology=W, threshold=0.1, input_scaling=5.0, seed=0)
    X = as_sequences([np.full((20, 1), 3.0), np.full((20, 1), -3.0)])
    got = features(liquid, X, "numba")
    np.testing.assert_array_equal(got, features(liquid, X, "numpy"))
    assert got[:, :n].mean() > 0.4


def test_reservoir_of_ten_thousand_is_not_densified():
    liquid = draw_liquid(1, 10_000, connectivity=0.001, seed=0)
    prepared = _numba.prepare(liquid)
    taps, recurrence, dynamics, constants, potentials = prepared.network
    assert recurrence.rows.size == 0
    arrays = *taps, *recurrence, *dynamics, constants, potentials
    held = sum(np.asarray(each).nbytes for each in arrays)
    assert held < 2_000_000


def test_more_neurons_than_sixteen_bits_number():
    """A ring of strong synapses: each spike is heard by the next neuron, the last ones too."""
    n = 70_000
    neuron = np.arange(n)
    W = sparse.csr_array((np.full(n, 0.9), ((neuron + 1) % n, neuron)), shape=(n, n))
    liquid = draw_liquid(1, n, topology=W, input_scaling=2.0, seed=0)
    X = as_sequences([np.random.default_rng(0).normal(size=(6, 1))])
    got = features(liquid, X, "numba")
    np.testing.assert_array_equal(got, features(liquid, X, "numpy"))
    assert got[:, :n].mean() > 0.05


def transformed(X):
    return LiquidTransformer(100, engine="numba", n_jobs=2, random_state=0).fit_transform(X)


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_backends(backend):
    X = np.random.default_rng(0).normal(size=(30, 40, 2))
    expected = transformed(X)
    jobs = (joblib.delayed(transformed)(X) for _ in range(4))
    for got in joblib.Parallel(n_jobs=2, backend=backend)(jobs):
        np.testing.assert_array_equal(got, expected)


def test_spawned_processes():
    X = np.random.default_rng(0).normal(size=(30, 40, 2))
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for got in pool.map(transformed, [X, X]):
            np.testing.assert_array_equal(got, transformed(X))


@pytest.mark.parametrize("processes", [False, True])
def test_dask_workers(tmp_path, processes):
    X = np.random.default_rng(0).normal(size=(30, 40, 2))
    expected = transformed(X)

    def by_value(X):  # the workers cannot import this file
        return LiquidTransformer(100, n_jobs=2, random_state=0).fit_transform(X)

    with Client(
        n_workers=1,
        threads_per_worker=2,
        processes=processes,
        dashboard_address=":0",
        local_directory=tmp_path,
    ) as client:
        tasks = [client.submit(by_value, X, pure=False) for _ in range(4)]
        for got in client.gather(tasks):
            np.testing.assert_array_equal(got, expected)


def test_two_python_threads_at_once():
    X = np.random.default_rng(0).normal(size=(30, 40, 2))
    expected = transformed(X)
    with ThreadPoolExecutor(4) as threads:
        for got in threads.map(transformed, [X] * 12):
            np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_nested_in_a_search(few_vowels, backend):
    X, y = few_vowels
    grid = {"spectral_radius": [0.5, 1.2]}
    scores = []
    for n_jobs in (None, 2):
        lsm = LSMClassifier(50, engine="numba", n_jobs=n_jobs, random_state=0)
        with joblib.parallel_config(backend=backend):
            search = GridSearchCV(lsm, grid, cv=2, n_jobs=2).fit(X, y)
        scores.append(search.cv_results_["mean_test_score"])
    np.testing.assert_array_equal(*scores)


def test_global_thread_settings_are_left():
    def settings():
        return numba.get_num_threads(), threadpoolctl.threadpool_info()

    X = np.random.default_rng(0).normal(size=(30, 40, 2))
    transformed(X)
    before = settings()
    transformed(X)
    assert settings() == before


@pytest.mark.usefixtures("same_draws_every_run")
def test_number_of_threads(monkeypatch):
    used = []

    class Recorder(ThreadPoolExecutor):
        def __init__(self, n):
            used.append(n)
            super().__init__(n)

    monkeypatch.setattr(engines, "ThreadPoolExecutor", Recorder)
    monkeypatch.setattr(_numba.config, "NUMBA_NUM_THREADS", 3)
    X = np.random.default_rng(0).normal(size=(20, 5, 1))
    for n_jobs, expected in ((None, []), (1, []), (2, [2]), (8, [3])):
        used.clear()
        LiquidTransformer(30, target_rate=None, n_jobs=n_jobs).fit(X).transform(X)
        assert used == expected
    used.clear()
    with joblib.parallel_config(n_jobs=2):
        LiquidTransformer(30, target_rate=None).fit(X).transform(X)
    assert used == [2]


def test_homeostasis_and_recording_use_the_threads_and_the_engine(monkeypatch):
    used = []

    class Recorder(ThreadPoolExecutor):
        def __init__(self, n):
            used.append(n)
            super().__init__(n)

    monkeypatch.setattr(engines, "ThreadPoolExecutor", Recorder)
    X = np.random.default_rng(0).normal(size=(20, 5, 1))
    liquid = LiquidTransformer(30, engine="numba", n_jobs=2, random_state=0).fit(X)
    assert used == [2]
    trains = liquid.spikes(X)
    assert used == [2, 2]
    lsm = LSMClassifier(30, readout="leaky_rate", engine="numba", n_jobs=2, random_state=0)
    lsm.fit(X, [0, 1] * 10)
    assert set(used) == {2}
    monkeypatch.setattr(pieces, "run", None)
    with pytest.raises(TypeError):
        liquid.spikes(X)
    np.testing.assert_array_equal(liquid.set_params(engine="numpy").spikes(X), trains)


@pytest.mark.usefixtures("same_draws_every_run")
def test_error_in_a_thread_comes_out(monkeypatch):
    def fail(*arguments):
        raise FloatingPointError("from the kernel")

    monkeypatch.setattr(pieces, "run", fail)
    X = np.random.default_rng(0).normal(size=(20, 5, 1))
    with pytest.raises(FloatingPointError, match="from the kernel"):
        LiquidTransformer(30, engine="numba", n_jobs=2).fit(X).transform(X)


@pytest.mark.parametrize("n_together", [1, 4])
@pytest.mark.parametrize("most", [1, 7, 50, 10_000])
def test_calls_of_the_kernel_take_every_step_once(n_together, most):
    lengths = [40, 33, 33, 9, 9, 2, 1, 0]
    taken = np.zeros((len(lengths), 41), dtype=int)
    for begin, end, first, last in pieces.stretches(lengths, n_together, most):
        taken[begin:end, first:last] += 1
        # Steps that are left for later need the room of the sequences alone.
        assert end - begin <= n_together or (first == 0 and last >= lengths[begin])
    for steps, length in zip(taken, lengths, strict=True):
        np.testing.assert_array_equal(steps[:length], 1)


@pytest.mark.parametrize("slab_bytes", [2**15, layout._SLAB_BYTES])
def test_short_calls_of_the_kernel_give_the_same_bits(monkeypatch, sequences, slab_bytes):
    monkeypatch.setattr(layout, "_SLAB_BYTES", slab_bytes)
    monkeypatch.setattr(layout, "_TOGETHER", 7)
    monkeypatch.setattr(pieces, "_CALL_NS", 1.0)
    liquid = draw_liquid(2, 129, connectivity=0.2, **DELAYED_AND_TIRED, seed=0)
    expected = features(liquid, sequences, "numpy")
    for n_jobs in (1, 2):
        np.testing.assert_array_equal(features(liquid, sequences, "numba", n_jobs), expected)
