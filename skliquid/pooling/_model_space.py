"""Reservoir model space: a sequence described by how its states follow each other.

The spikes of a sequence in equal windows are its states z[w], projected on a few directions;
a ridge regression predicts each state from the one before::

    z[w + 1] = a + A z[w]

and its coefficients are the features [1]_. The directions are random signs [2]_, the same for
every sequence, so that nothing has to be fitted and every sum before the solution is one of
whole numbers, exact in any order.

References
----------
.. [1] Bianchi, Scardapane, Lokse, Jenssen. "Reservoir computing approaches for representation
   and classification of multivariate time series", IEEE Transactions on Neural Networks and
   Learning Systems 32(5), 2021.
.. [2] Achlioptas. "Database-friendly random projections", Journal of Computer and System
   Sciences 66, 2003.
"""

from __future__ import annotations

import numpy as np

# Directions that the states are projected on.
N_COMPONENTS = 16
# Penalty of the regression as a fraction of the states' mean square.
_PENALTY = 0.1


def model_space_features(counts: np.ndarray) -> np.ndarray:
    """Coefficients of the linear model from each state to the next.

    Parameters
    ----------
    counts : ndarray of shape (batch, n_windows, n), integer
        Spikes in each window.

    Returns
    -------
    ndarray of shape (batch, 1 + N_COMPONENTS, N_COMPONENTS), dtype float64
        Intercepts and coefficients.
    """
    n = counts.shape[2]
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(n, N_COMPONENTS))
    states = counts.astype(np.float64) @ signs
    before = np.concatenate([np.ones((*states[:, :-1].shape[:2], 1)), states[:, :-1]], axis=2)
    gram = before.transpose(0, 2, 1) @ before
    penalty = _PENALTY * np.einsum("bww->b", gram) / (N_COMPONENTS + 1)
    gram += penalty[:, np.newaxis, np.newaxis] * np.eye(N_COMPONENTS + 1)
    return np.asarray(np.linalg.solve(gram, before.transpose(0, 2, 1) @ states[:, 1:]))
