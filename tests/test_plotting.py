import matplotlib.pyplot as plt
import numpy as np
import pytest

from skliquid.plotting import plot_raster


def test_raster_marks_every_spike_once():
    spikes = np.random.default_rng(0).random((30, 20)) < 0.2
    _, ax = plt.subplots()
    assert plot_raster(spikes, n_excitatory=15, ax=ax) is ax
    marks = [np.asarray(points.get_offsets()) for points in ax.collections]
    drawn = {(int(t), int(i)) for t, i in np.concatenate(marks)}
    assert drawn == set(zip(*np.nonzero(spikes), strict=True))
    assert (marks[0][:, 1] < 15).all()
    assert (marks[1][:, 1] >= 15).all()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "excitatory",
        "inhibitory",
    ]
    plt.close()


def test_raster_refuses_other_shapes():
    with pytest.raises(ValueError, match=r"spikes has shape \(3,\)"):
        plot_raster(np.zeros(3))
