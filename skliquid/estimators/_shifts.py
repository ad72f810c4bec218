"""Copies of training sequences that are shifted in time, by which a readout learns not to mind it.

Where something begins is seldom quite the same. A readout that sees few sequences cannot tell what
hangs on it by chance, and is taught by copies that begin a little sooner or later, as pictures are
[1]_: what is shifted out at one end is lost, and the frame at the other end is repeated.

References
----------
.. [1] Simard, Steinkraus, Platt. "Best practices for convolutional neural networks applied to
   visual document analysis", ICDAR, 2003.
"""

from __future__ import annotations

import numpy as np

from ..sequences import Sequences

# Largest shift, as a fraction of a sequence's length.
FARTHEST = 1 / 20
# Most shifts to either side, and most copies of all sequences and frames of these, where nothing
# is said: it is for few that they pay and cost little.
_MOST, _MOST_OF_ALL, _MOST_FRAMES = 2, 600, 500_000
# Most sequences and copies in all: the time for their readout grows with the cube.
MOST_ROWS = 5000


def usual_number(sequences: Sequences) -> int:
    """Number of shifts to either side where nothing is said.

    Parameters
    ----------
    sequences : Sequences
        Training sequences.

    Returns
    -------
    int
        As many as few sequences gain by and cost little; 0 where a step is much of a sequence.
    """
    if sequences.lengths.max(initial=0) * FARTHEST < _MOST:
        return 0
    by_frames = _MOST_FRAMES // (2 * len(sequences.frames))
    return min(_MOST, _MOST_OF_ALL // (2 * len(sequences)), by_frames)


def can_be_shifted(sequences: Sequences) -> bool:
    """Tell whether the farthest shift of the longest sequence is a step."""
    return bool(np.rint(FARTHEST * sequences.lengths.max(initial=0)) > 0)


def shifted(sequences: Sequences, n_shifts: int) -> Sequences:
    """Copy sequences, shifted by equal steps up to the farthest, sooner and later.

    Parameters
    ----------
    sequences : Sequences
        Training sequences.
    n_shifts : int
        Number of shifts to either side, 1 or more.

    Returns
    -------
    Sequences
        All sequences with the first shift, then with the second one and so forth.
    """
    later = FARTHEST * np.arange(1, n_shifts + 1) / n_shifts
    shares = np.repeat(np.concatenate([-later, later]), len(sequences))
    copies = sequences.take(np.tile(np.arange(len(sequences)), 2 * n_shifts))
    return copies.shifted(np.rint(shares * copies.lengths).astype(np.int64))
