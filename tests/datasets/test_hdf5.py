"""Files of events, written here in the format that is read."""

import sys

import h5py
import numpy as np
import pytest

from skliquid import from_events
from skliquid.datasets import from_hdf5

TIMES = [np.array(t, dtype=np.float16) for t in ([0.01, 0.3, 0.31], [], [0.99])]
UNITS = [np.array(u, dtype=np.uint16) for u in ([699, 0, 0], [], [5])]


def written(folder, times=TIMES, units=UNITS, labels=(3, 0, 1)):
    path = folder / "events.h5"
    with h5py.File(path, "w") as file:
        for name, values in (("times", times), ("units", units)):
            kind = h5py.vlen_dtype(values[0].dtype)
            each = file.create_dataset(f"spikes/{name}", (len(values),), dtype=kind)
            for i, value in enumerate(values):
                each[i] = value
        if labels is not None:
            file["labels"] = np.array(labels)
    return path


@pytest.mark.parametrize("as_path", [str, lambda path: path])
def test_a_file_is_what_was_written(tmp_path, as_path):
    X, y = from_hdf5(as_path(written(tmp_path)), dt=0.1, duration=1.0)
    expected = from_events(TIMES, UNITS, 700, dt=0.1, duration=1.0)
    assert X.shape == (3, 10, 700)
    assert X.frames.events.data.tolist() == [1, 2, 1]
    np.testing.assert_array_equal(X.frames, expected.frames)
    np.testing.assert_array_equal(y, [3, 0, 1])


def test_other_files_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"events.h5 holds no \['labels'\], but \['spikes'\]"):
        from_hdf5(written(tmp_path, labels=None))
    with pytest.raises(ValueError, match=r"holds no \['labels'\]"):
        from_hdf5(written(tmp_path, labels=3))
    with pytest.raises(ValueError, match="holds 3 sequences, but 2 labels"):
        from_hdf5(written(tmp_path, labels=(1, 2)))
    with pytest.raises(ValueError, match="sample 0 has event 0 with x=699"):
        from_hdf5(written(tmp_path), n_units=50)


def test_what_to_do_without_h5py(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r'pip install "skliquid\[hdf5\]"'):
        from_hdf5(tmp_path / "events.h5")
