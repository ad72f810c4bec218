"""Which series a classifier learns from, and which it is judged by.

Training and test part of a set are put together and drawn again with the sizes and the class
counts of the official split, as in the papers of the archives (Bagnall et al., Data Mining and
Knowledge Discovery 31, 2017). Resample 0 is the official split. aeon draws the others, as the code
of those papers does.
"""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import StratifiedKFold

MOST_FOLDS = 5


def resampled(data, resample):
    """X, y, X_test, y_test of a resample of a set."""
    if resample == 0:
        return data
    from aeon.benchmarking.resampling import stratified_resample_data

    return stratified_resample_data(*data, random_state=resample)


def test_part(data, resample, seed):
    """The one split that the test part of a resample judges, whatever the seed."""
    return [resampled(data, resample)]


def training_folds(data, resample, seed):
    """Stratified folds of the training part of a resample; its test part is not read."""
    X, y, _, _ = resampled(data, resample)
    n_folds = int(np.clip(np.unique(y, return_counts=True)[1].min(), 2, MOST_FOLDS))
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    return [
        ([X[i] for i in train], y[train], [X[i] for i in held_out], y[held_out])
        for train, held_out in folds.split(np.zeros(len(y)), y)
    ]
