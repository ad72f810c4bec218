"""Vector instructions by hand against their twins in plain loops."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from numba import njit

from skliquid.engines._numba import synapses, taps
from skliquid.engines._numba.aligned import aligned
from skliquid.engines._numba.layout import columns_of, prepare
from skliquid.engines._numba.vectors import (
    HAS_COMPRESS,
    HAS_VECTORS,
    PROJECTED_STEPS,
    target_features,
)
from skliquid.reservoirs import draw_liquid


def both(plain, by_vectors):
    """Python functions that call the two."""

    @njit
    def call_plain(arguments):
        return plain(*arguments)

    @njit
    def call_vectors(arguments):
        return by_vectors(*arguments)

    return call_plain, call_vectors


@pytest.mark.parametrize("n_spikes", [0, 1, 2, 77, 300])
@pytest.mark.parametrize("width", [128, 384])
def test_sums_of_rows(n_spikes, width):
    rng = np.random.default_rng(0)
    rows = aligned(rng.integers(-100, 101, size=(300, width)).astype(np.int16))
    spikes = np.sort(rng.choice(300, n_spikes, replace=False)).astype(np.int32)
    for add_rows in both(synapses.add_rows_plain, synapses.add_rows_by_vectors):
        current = aligned(np.full(width, 7, dtype=np.float32))
        add_rows((current, rows, spikes, np.float32(0.5), np.empty(width, dtype=np.int16)))
        np.testing.assert_array_equal(current, 7 + 0.5 * rows[spikes].sum(axis=0))


def test_sums_of_lists():
    liquid = draw_liquid(1, 200, connectivity=0.02, seed=0)
    recurrence = prepare(liquid).network.recurrence
    assert not recurrence.rows.size
    W = np.zeros((200, 256), dtype=np.int64)
    for source in range(200):
        mine = recurrence.synapses[recurrence.offsets[source] : recurrence.offsets[source + 1]]
        W[source, mine >> 16] = (mine & 0xFFFF).astype(np.uint16).view(np.int16)
    spikes = np.array([0, 3, 4, 150, 199], dtype=np.int32)
    current, total = np.zeros(256, dtype=np.float32), np.zeros(256, dtype=np.int16)
    lists = recurrence.offsets, recurrence.synapses
    add_lists = both(synapses.add_lists, synapses.add_lists)[0]
    add_lists((current, *lists, spikes, np.float32(2), total))
    np.testing.assert_array_equal(current, 2 * W[spikes].sum(axis=0))
    assert np.abs(current).sum() > 0


@pytest.mark.parametrize("rate", [0.0, 0.03, 0.5, 1.0])
@pytest.mark.parametrize("first", [0, 1000])
def test_numbers_of_the_neurons_that_fired(rate, first):
    fired = (np.random.default_rng(0).random(256) < rate).astype(np.uint8)
    plain, by_vectors = both(synapses.list_spikes_plain, synapses.list_spikes_by_vectors)
    for list_spikes in (plain, by_vectors) if HAS_COMPRESS else (plain,):
        out = np.zeros(256 + 64, dtype=np.int32)
        n_spikes = list_spikes((out, first, fired))
        np.testing.assert_array_equal(out[:n_spikes], first + np.flatnonzero(fired))


@pytest.mark.parametrize("n_channels", [1, 3, 40])
@pytest.mark.parametrize("t", [0, 8])
def test_projection(n_channels, t):
    rng = np.random.default_rng(0)
    x = rng.integers(-(2**14), 2**14, (n_channels, 13)) / 2**14
    weights = aligned(rng.integers(-999, 1000, size=(n_channels, 192)).astype(np.float32) * 100)
    bias = aligned(rng.integers(-999, 1000, size=192).astype(np.float32))
    expected = np.rint(x.T @ weights.astype(float) + bias)[t : t + PROJECTED_STEPS]
    network = prepare(draw_liquid(n_channels, 150, seed=0)).network
    heard = network.taps._replace(weights=weights, bias=bias)
    columns = columns_of(heard, 1, 1)._replace(columns=x[np.newaxis].copy())
    for project in both(taps.project_plain, taps.project_by_vectors):
        drive = np.zeros((PROJECTED_STEPS, 192), dtype=np.float32)
        project((drive, columns, 0, t, 1, heard))
        np.testing.assert_array_equal(drive, expected)


@pytest.mark.parametrize("n_left", [1, 2, 3, 4, 31, 32, 33, 64, 200])
def test_sums_of_taps(n_left):
    rng = np.random.default_rng(0)
    liquid = draw_liquid(3, 150, n_delays=4, max_delay=50, max_channels=2, seed=0)
    network = prepare(liquid).network
    room = columns_of(network.taps, 1, 300)
    room.columns[:] = rng.integers(-(2**14), 2**14, room.columns.shape) / 2**14
    drives = []
    for sum_taps in both(taps.sum_taps_plain, taps.sum_taps_by_vectors):
        drive = aligned(np.zeros((64, len(network.taps.bias)), dtype=np.float32))
        sum_taps((drive, room, 0, 64, n_left, network.taps))
        drives.append(drive[: min(n_left, 64)])
    np.testing.assert_array_equal(*drives)
    at, t = liquid.max_delay + 64, min(n_left, 64) - 1
    heard = room.columns[0][liquid.tap_channels, at + t - liquid.tap_delays]
    neuron = liquid.taps.neurons
    expected = np.bincount(neuron, heard * liquid.tap_weights.astype(float), 150) * 2**20
    order = prepare(liquid).neurons[:150]
    np.testing.assert_array_equal(drives[0][t, :150], np.rint(expected)[order])


CODE = """
    import json, sys
    sys.path.insert(0, sys.argv[1])
    import test_golden as golden
    from skliquid.engines._numba.vectors import HAS_COMPRESS, HAS_VECTORS
    expected = json.loads(golden.GOLDEN.read_text())
    for case in ("default", "plain, chaotic, another seed", "adaptive, delays"):
        assert golden.digests(golden.CASES[case], "numba") == expected[case], case
    print(HAS_VECTORS, HAS_COMPRESS)
"""


AS_HERE = f"{HAS_VECTORS} {HAS_COMPRESS}"
NO_FEATURES = {"NUMBA_CPU_FEATURES": ""}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"NUMBA_CPU_NAME": "generic"}, "False False"),
        (NO_FEATURES, "False False"),
        ({"NUMBA_ENABLE_AVX": "0"}, "False False"),
        # Numba takes the host's features with whatever name.
        ({"NUMBA_CPU_NAME": "haswell"}, AS_HERE),
        ({"NUMBA_CPU_NAME": "znver4"}, AS_HERE),
        ({"NUMBA_CPU_NAME": "x86-64-v3", "NUMBA_CPU_FEATURES": "+avx2,+fma"}, "True False"),
        ({"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "+avx2,+avx512f"}, "True True"),
        ({"NUMBA_CPU_NAME": "skylake-avx512"} | NO_FEATURES, "False False"),
    ],
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else None,
)
@pytest.mark.skipif("avx2" not in target_features(), reason="names of x86 processors")
def test_same_bits_for_every_target(settings, expected, tmp_path):
    """Each in a process of its own, which compiles for another processor."""
    asked = " ".join(settings.values())
    if "avx512" in asked and "avx512f" not in target_features():
        pytest.skip("this processor has none of these instructions")
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CODE), os.path.dirname(os.path.dirname(__file__))],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | settings | {"NUMBA_CACHE_DIR": str(tmp_path)},
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == expected
