"""What scikit-learn's meta-estimators take in which form, as the manual's table says.

``python tests/test_meta_estimators.py`` writes the table anew.
"""

import csv
import inspect
import warnings
from pathlib import Path

import numpy as np
import pytest
import sklearn.model_selection as selection
from sklearn import (
    calibration,
    compose,
    ensemble,
    feature_selection,
    frozen,
    inspection,
    multiclass,
    multioutput,
    pipeline,
    semi_supervised,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression, RANSACRegressor
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import all_estimators

from skliquid import LiquidTransformer, LSMClassifier, LSMRegressor

TABLE = Path(__file__).parents[1] / "docs" / "guide" / "meta_estimators.csv"
HEADER = ["", "list", "array", "padded array", "table", "rows"]

RNG = np.random.default_rng(0)
Y = np.arange(24) % 2
Y3 = np.arange(24) % 3
BOTH = np.stack([Y, Y3], axis=1)
HALF = np.where(np.arange(24) % 5, Y, -1)
LIST = [RNG.normal(size=(8 + i // 2 % 3, 2)).cumsum(axis=0) + Y[i] for i in range(24)]
ARRAY = np.stack([x[:8] for x in LIST])
PADDED = np.full((24, 10, 2), np.nan)
for row, x in zip(PADDED, LIST, strict=True):
    row[: len(x)] = x
FORMS = [LIST, ARRAY, PADDED, ARRAY[:, :, 0]]
ROWS = PADDED.reshape(24, -1)

SMALL = {"reservoir_size": 10, "pooling": "counts", "random_state": 0}
# They choose features by the coefficients of a model, and a liquid's are not those of its input.
NOWHERE = {"RFE", "RFECV", "SelectFromModel"}


def unfold(rows):
    """Make sequences of rows again."""
    return rows.reshape(len(rows), 10, 2)


def of_rows(machine):
    return pipeline.make_pipeline(FunctionTransformer(unfold), machine)


def fitted(meta, y=Y, method="predict"):
    """What to try: fit a meta-estimator and have its output."""
    return lambda X: getattr(meta.fit(X, y), method)(X)


def called(function, machine, **arguments):
    return lambda X: function(machine, X, Y, **arguments)


def trials(prepared):
    """What to try of each meta-estimator, given what is done to a machine before."""
    C, R, T = (
        prepared(machine(**SMALL)) for machine in (LSMClassifier, LSMRegressor, LiquidTransformer)
    )
    probable = prepared(LSMClassifier(**SMALL, readout=LogisticRegression()))
    name = next(name for name in C.get_params() if name.endswith("spectral_radius"))
    grid, two = {name: [0.5, 0.9]}, {"cv": 2}
    score = {**two, "error_score": "raise"}
    scores = {"response_method": "decision_function"}
    pair, numbers = [("a", C), ("b", C)], [("a", R), ("b", R)]
    return {
        "Pipeline": fitted(pipeline.make_pipeline(T, LogisticRegression())),
        "FeatureUnion": fitted(pipeline.FeatureUnion([("a", T)]), method="transform"),
        "ColumnTransformer": fitted(
            compose.ColumnTransformer([("a", T, slice(0, 20))]), method="transform"
        ),
        "TransformedTargetRegressor": fitted(compose.TransformedTargetRegressor(R)),
        "GridSearchCV": fitted(selection.GridSearchCV(C, grid, **score)),
        "RandomizedSearchCV": fitted(selection.RandomizedSearchCV(C, grid, n_iter=2, **score)),
        "HalvingGridSearchCV": fitted(selection.HalvingGridSearchCV(C, grid, **score)),
        "HalvingRandomSearchCV": fitted(selection.HalvingRandomSearchCV(C, grid, **score)),
        "FixedThresholdClassifier": fitted(selection.FixedThresholdClassifier(C, **scores)),
        "TunedThresholdClassifierCV": fitted(
            selection.TunedThresholdClassifierCV(C, **two, **scores)
        ),
        "CalibratedClassifierCV": fitted(calibration.CalibratedClassifierCV(C, **two)),
        "FrozenEstimator": lambda X: frozen.FrozenEstimator(C.fit(X, Y)).predict(X),
        "VotingClassifier": fitted(ensemble.VotingClassifier(pair)),
        "VotingRegressor": fitted(ensemble.VotingRegressor(numbers)),
        "StackingClassifier": fitted(ensemble.StackingClassifier(pair, **two)),
        "StackingRegressor": fitted(ensemble.StackingRegressor(numbers, **two)),
        "BaggingClassifier": fitted(ensemble.BaggingClassifier(C, 2)),
        "BaggingRegressor": fitted(ensemble.BaggingRegressor(R, 2)),
        "AdaBoostClassifier": fitted(ensemble.AdaBoostClassifier(C, n_estimators=2)),
        "AdaBoostRegressor": fitted(ensemble.AdaBoostRegressor(R, n_estimators=2)),
        "OneVsRestClassifier": fitted(multiclass.OneVsRestClassifier(C), Y3),
        "OneVsOneClassifier": fitted(multiclass.OneVsOneClassifier(C), Y3),
        "OutputCodeClassifier": fitted(multiclass.OutputCodeClassifier(C, random_state=0), Y3),
        "MultiOutputClassifier": fitted(multioutput.MultiOutputClassifier(C), BOTH),
        "MultiOutputRegressor": fitted(multioutput.MultiOutputRegressor(R), BOTH),
        "ClassifierChain": fitted(multioutput.ClassifierChain(C), BOTH),
        "RegressorChain": fitted(multioutput.RegressorChain(R), BOTH),
        "SelfTrainingClassifier": fitted(semi_supervised.SelfTrainingClassifier(probable), HALF),
        "RANSACRegressor": fitted(
            RANSACRegressor(R, min_samples=20, max_trials=2, residual_threshold=10.0)
        ),
        "RFE": fitted(feature_selection.RFE(C)),
        "RFECV": fitted(feature_selection.RFECV(C, **two)),
        "SelectFromModel": fitted(feature_selection.SelectFromModel(C), method="transform"),
        "SequentialFeatureSelector": fitted(
            feature_selection.SequentialFeatureSelector(C, n_features_to_select=1, **two),
            method="transform",
        ),
        "cross_val_score": called(selection.cross_val_score, C, **score),
        "cross_validate": called(selection.cross_validate, C, **score),
        "cross_val_predict": called(selection.cross_val_predict, C, **two),
        "learning_curve": called(selection.learning_curve, C, train_sizes=[0.5, 1.0], **score),
        "validation_curve": called(
            selection.validation_curve, C, param_name=name, param_range=[0.5, 1.0], **score
        ),
        "permutation_test_score": called(
            selection.permutation_test_score, C, n_permutations=2, **two
        ),
        "permutation_importance": lambda X: inspection.permutation_importance(
            C.fit(X, Y), X, Y, n_repeats=1
        ),
        "partial_dependence": lambda X: inspection.partial_dependence(
            C.fit(X, Y), X, [0], grid_resolution=3
        ),
    }


def takes(trial, X):
    """Whether a meta-estimator takes sequences in a form."""
    np.random.seed(0)  # noqa: NPY002, by which those without a seed draw their subsets
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            trial(X)
        except (ValueError, TypeError, AttributeError, IndexError):
            return False
    return True


def tried():
    """Rows of the table."""
    as_they_are, unfolded = trials(lambda machine: machine), trials(of_rows)
    for name, trial in as_they_are.items():
        found = [takes(trial, X) for X in FORMS] + [takes(unfolded[name], ROWS)]
        yield [name, *("yes" if each else "no" for each in found)]


def test_table_of_the_manual():
    with TABLE.open(newline="") as file:
        header, *written = csv.reader(file)
    rows = list(tried())
    assert header == HEADER
    assert rows == written
    assert {row[0] for row in rows if "yes" not in row} == NOWHERE


def test_table_names_every_meta_estimator():
    takes_others = {"estimator", "estimators", "steps", "transformers", "transformer_list"}
    everyone = {
        name
        for name, Estimator in all_estimators()
        if (takes_others | {"regressor"}) & set(inspect.signature(Estimator).parameters)
    }
    assert everyone <= set(trials(lambda machine: machine))


@pytest.mark.parametrize("Machine", [LSMClassifier, LSMRegressor])
def test_rows_are_the_sequences(Machine):
    machine = Machine(**SMALL)
    expected = machine.fit(LIST, Y).predict(LIST)
    np.testing.assert_array_equal(of_rows(machine).fit(ROWS, Y).predict(ROWS), expected)


if __name__ == "__main__":
    with TABLE.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([HEADER, *tried()])
