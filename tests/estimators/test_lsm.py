import pickle
import subprocess
import sys
import warnings
from functools import partial

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier, StackingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifierCV
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler
from sklearn.svm import SVC, SVR

from skliquid import LiquidTransformer, LSMClassifier, LSMRegressor
from skliquid.engines import Runner
from skliquid.readouts._ridge_base import ALPHAS
from skliquid.readouts._samples import merge_duplicates
from skliquid.sequences import as_sequences


def test_accuracy_on_speech(vowels):
    X, y, X_test, y_test = vowels
    scores = [LSMClassifier(random_state=i).fit(X, y).score(X_test, y_test) for i in range(5)]
    assert np.mean(scores) >= 0.98


def root(features):
    """Square root that keeps the sign."""
    return np.sign(features) * np.sqrt(np.abs(features))


def weighed_as_in(lsm, y, features):
    """Standardised features by the weights of groups, and over what classes leave of them."""
    readout = lsm.pipeline_[-1]
    weighed = features * np.sqrt(readout.group_weights_)[readout.groups]
    if readout.standardize_ is True:
        return weighed
    classes = y[:, np.newaxis] == np.unique(y)
    rest = features - classes @ np.linalg.lstsq(classes.astype(float), features)[0]
    spread = np.where(features.any(axis=0), features.var(axis=0), 1.0)
    return weighed / np.where(features.any(axis=0), rest.var(axis=0) / spread + 0.1, 1.0)


def loud_halves():
    """Noise that is louder at no time, in the first half, or in the second."""
    X, y = np.random.default_rng(0).normal(size=(60, 30, 2)), np.arange(60) % 3
    X[y == 1, :15] *= 2
    X[y == 2, 15:] *= 2
    return X, np.array(["1", "2", "3"])[y]


@pytest.mark.parametrize("standardize", [True, "residual"])
def test_is_transformer_root_limiter_scaler_and_ridge(few_vowels, standardize):
    X, y = few_vowels if standardize is True else loud_halves()
    X = [x.astype(np.float64) for x in X]
    lsm = LSMClassifier(60, random_state=0).fit(X, y)
    by_hand = make_pipeline(
        LiquidTransformer(60, random_state=0),
        FunctionTransformer(root),
        MinMaxScaler(clip=True),
        StandardScaler(),
        FunctionTransformer(partial(weighed_as_in, lsm, y)),
        RidgeClassifierCV(alphas=ALPHAS),
    ).fit(X, y)
    np.testing.assert_allclose(lsm.decision_function(X), by_hand.decision_function(X), rtol=1e-9)
    assert lsm.pipeline_[-1].standardize_ == standardize
    assert lsm.classes_.tolist() == ["1", "2", "3"]
    assert list(lsm.pipeline_.named_steps) == ["liquid", "root", "readout"]


def test_neuron_that_was_all_but_silent_does_not_outweigh_the_others():
    """A trace that was 1e-6 in training and is 1 later stands a million deviations away."""
    u, y = narma_10(800, seed=1001)
    lsm = LSMRegressor(300, pooling=("last", "trace"), recurrent_fraction=1.0, random_state=1)
    lsm.fit(u[:400], y[:400])
    assert np.abs(lsm.predict(u[400:]) - y[400:]).max() < 3 * y.std()


def narma_10(n_samples, seed):
    u = np.random.default_rng(seed).uniform(0, 0.5, size=(n_samples, 60))
    y = np.full(u.shape, 0.1)
    for t in range(9, 59):
        past = y[:, t - 9 : t + 1].sum(axis=1)
        y[:, t + 1] = 0.3 * y[:, t] + 0.05 * y[:, t] * past + 1.5 * u[:, t - 9] * u[:, t] + 0.1
    return u, y[:, -1]


def test_sequence_of_weight_zero_is_as_absent_for_any_readout(few_vowels):
    X, y = few_vowels
    readout = LogisticRegression()
    lsm = LSMClassifier(60, readout=readout, random_state=0)
    weight = np.ones(len(X) + 1)
    weight[-1] = 0
    strange = 1000 * np.ones_like(X[0])
    with_it = clone(lsm).fit([*X, strange], [*y, y[0]], sample_weight=weight)
    without = clone(lsm).fit(X, y, sample_weight=weight[:-1])
    np.testing.assert_array_equal(with_it.predict_proba(X), without.predict_proba(X))


@pytest.mark.parametrize(
    ("readout", "has_proba", "has_decision"),
    [
        ("ridge", True, True),
        ("mlp", True, False),
        (LogisticRegression(), True, True),
        (SVC(), False, True),
        (RandomForestClassifier(random_state=0), True, False),
    ],
)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer", "ignore:divide by zero:RuntimeWarning")
@pytest.mark.usefixtures("same_draws_every_run")
def test_readouts(few_vowels, readout, has_proba, has_decision):
    X, y = few_vowels
    lsm = LSMClassifier(60, readout=readout, random_state=0)
    for _ in range(2):
        assert hasattr(lsm, "predict_proba") == has_proba
        assert hasattr(lsm, "decision_function") == has_decision
        lsm.fit(X, y)
    assert lsm.score(X, y) > 0.9
    if has_proba:
        found = lsm.predict_proba(X)
        np.testing.assert_allclose(found.sum(axis=1), 1)
        np.testing.assert_array_equal(lsm.classes_[found.argmax(axis=1)], lsm.predict(X))
        np.testing.assert_allclose(np.exp(lsm.predict_log_proba(X)), found)
    if has_decision:
        assert lsm.decision_function(X).shape == (len(X), 3)
    if not isinstance(readout, str):
        assert not hasattr(readout, "classes_"), "the user's estimator was fitted"


def test_sample_weight_of_two_is_the_sample_twice(few_vowels):
    X, y = few_vowels
    weight = np.random.default_rng(0).integers(0, 4, size=len(X))
    repeated = np.repeat(np.arange(len(X)), weight)
    weighted = LSMClassifier(60, random_state=0).fit(X, y, sample_weight=weight)
    plain = LSMClassifier(60, random_state=0).fit([X[i] for i in repeated], y[repeated])
    np.testing.assert_allclose(
        weighted.decision_function(X), plain.decision_function(X), rtol=1e-7, atol=1e-9
    )
    unweighted = LSMClassifier(60, random_state=0).fit(X, y)
    assert np.abs(weighted.decision_function(X) - unweighted.decision_function(X)).max() > 1e-3


def test_merge_duplicates():
    X = as_sequences([[[1.0]], [[2.0]], [[1.0]], [[1.0]], [[1.0], [1.0]]])
    y = np.array(["a", "a", "a", "b", "a"])
    kept, weight = merge_duplicates(X, y, None)
    assert kept.tolist() == [0, 1, 3, 4]
    assert weight.tolist() == [2, 1, 1, 1]
    kept, weight = merge_duplicates(X, y, np.array([1.0, 0.0, 0.5, 2.0, 1.0]))
    assert kept.tolist() == [0, 3, 4]
    assert weight.tolist() == [1.5, 2, 1]
    kept, weight = merge_duplicates(X.take([0, 1]), y[:2], None)
    assert kept.tolist() == [0, 1]
    assert weight is None
    kept, _ = merge_duplicates(X, np.arange(10.0).reshape(5, 2), None)
    assert kept.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("readout", ["ridge", GaussianNB(), LogisticRegression()])
def test_class_weight(few_vowels, readout):
    X, y = few_vowels
    rng = np.random.default_rng(0)
    X = [x + rng.normal(size=x.shape) * 4 for x in X]
    heavy = {"1": 1e6, "2": 1.0, "3": 1.0}
    lsm = LSMClassifier(30, readout=readout, class_weight=heavy, random_state=0)
    X_new = [x + rng.normal(size=x.shape) * 4 for x in X]
    plain = LSMClassifier(30, readout=readout, random_state=0).fit(X, y)
    lsm.fit(X, y, sample_weight=np.ones(len(y)))
    assert (lsm.predict(X_new) == "1").mean() > (plain.predict(X_new) == "1").mean()
    balanced = LSMClassifier(30, readout=readout, class_weight="balanced", random_state=0)
    np.testing.assert_array_equal(balanced.fit(X, y).predict(X_new), plain.predict(X_new))


def test_class_weight_in_the_ridge_is_scikit_learns():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 12, 2)), np.repeat([0, 1, 2], [35, 15, 10])
    for class_weight in ("balanced", {0: 0.2, 1: 3.0, 2: 1.0}):
        lsm = LSMClassifier(60, class_weight=class_weight, random_state=0).fit(X, y)
        ridge = RidgeClassifierCV(alphas=ALPHAS, class_weight=class_weight)
        liquid = LiquidTransformer(60, random_state=0)
        weighed = FunctionTransformer(partial(weighed_as_in, lsm, y))
        by_hand = make_pipeline(
            liquid, FunctionTransformer(root), StandardScaler(), weighed, ridge
        )
        expected = by_hand.fit(X, y).decision_function(X)
        np.testing.assert_allclose(lsm.decision_function(X), expected, rtol=1e-6, atol=1e-9)


def test_balanced_counts_a_weight_of_two_as_two_samples(few_vowels):
    X, y = few_vowels
    weight = np.random.default_rng(0).integers(0, 4, size=len(X))
    repeated = np.repeat(np.arange(len(X)), weight)
    lsm = LSMClassifier(30, class_weight="balanced", random_state=0)
    weighted = lsm.fit(X, y, sample_weight=weight).decision_function(X)
    plain = lsm.fit([X[i] for i in repeated], y[repeated]).decision_function(X)
    np.testing.assert_allclose(weighted, plain, rtol=1e-7, atol=1e-9)


def test_class_weight_of_unknown_class(few_vowels):
    with pytest.raises(
        ValueError, match=r"class_weight must be of the classes of y, got \['4'\].* \['2', '3'\]"
    ):
        LSMClassifier(30, class_weight={"1": 2.0, "4": 1.0}).fit(*few_vowels)


@pytest.mark.parametrize("name", ["sample_weight", "class_weight"])
@pytest.mark.usefixtures("same_draws_every_run")
def test_readout_without_weights(few_vowels, name):
    X, y = few_vowels
    lsm = LSMClassifier(30, readout=KNeighborsClassifier())
    arguments = {}
    if name == "class_weight":
        lsm.set_params(class_weight="balanced")
    else:
        arguments["sample_weight"] = np.ones(len(y))
    with pytest.raises(ValueError, match=f"{name} was given, but the readout KNeighbors"):
        lsm.fit(X, y, **arguments)
    lsm.set_params(class_weight=None).fit(X, y)


@pytest.mark.usefixtures("same_draws_every_run")
def test_memory_runs_the_liquid_once(few_vowels, tmp_path, monkeypatch):
    from skliquid.engines import Runner

    X, y = few_vowels
    runs = []
    original = Runner.features

    def counted(self, sequences, samples):
        runs.append(len(samples))
        return original(self, sequences, samples)

    monkeypatch.setattr(Runner, "features", counted)
    lsm = LSMClassifier(30, memory=str(tmp_path), random_state=0)
    grid = {"readout": ["ridge", LogisticRegression(), SVC()]}
    GridSearchCV(lsm, grid, cv=3, refit=False).fit(X, y)
    assert sum(runs) == 3 * len(X)  # each fold's training and test parts, once
    lsm.set_params(reservoir_size=31).fit(X, y)
    assert sum(runs) == 4 * len(X)


@pytest.mark.usefixtures("same_draws_every_run")
def test_callbacks(few_vowels):
    sklearn_callback = pytest.importorskip("sklearn.callback")
    X, y = few_vowels
    seen = []

    class Recorder:
        max_propagation_depth = None

        def setup(self, estimator, context):
            seen.append("setup")

        def teardown(self, estimator, context):
            seen.append("teardown")

        def on_fit_task_begin(self, estimator, context):
            seen.append(context.task_name)

        def on_fit_task_end(self, estimator, context):
            pass

    assert isinstance(Recorder(), sklearn_callback.AutoPropagatedCallback)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lsm = LSMClassifier(30, batch_size=10, random_state=0).set_callbacks(Recorder())
        lsm.fit(X, y)
    assert seen.count("run-liquid") == 3
    assert (seen[0], seen[-1]) == ("setup", "teardown")
    seen.clear()
    LiquidTransformer(30).set_callbacks(Recorder()).fit(X)
    assert seen == ["setup", "fit", "draw-liquid", "teardown"]
    seen.clear()
    with pytest.raises(ValueError, match="X is empty"):
        LSMClassifier(30).set_callbacks(Recorder()).fit([], [])
    LSMRegressor(30).set_callbacks(Recorder()).fit(X, np.arange(len(X)))
    assert seen[-1] == "teardown"


def test_global_settings_stay_outside(few_vowels):
    from sklearn import config_context

    X, y = few_vowels
    expected = LSMClassifier(30, random_state=0).fit(X, y, sample_weight=np.ones(len(y)))
    with config_context(enable_metadata_routing=True, transform_output="pandas"):
        lsm = LSMClassifier(30, random_state=0).fit(X, y, sample_weight=np.ones(len(y)))
        np.testing.assert_array_equal(lsm.decision_function(X), expected.decision_function(X))


@pytest.mark.usefixtures("same_draws_every_run")
def test_regressor_learns(vowels):
    X, _, X_test, _ = vowels
    energy = np.array([x[:, 0].mean() for x in X])
    energy_test = np.array([x[:, 0].mean() for x in X_test])
    lsm = LSMRegressor(200, random_state=0).fit(X, energy)
    assert lsm.score(X_test, energy_test) > 0.9
    both = LSMRegressor(200, random_state=0).fit(X, np.column_stack([energy, -energy]))
    assert both.predict(X_test).shape == (370, 2)
    np.testing.assert_allclose(both.predict(X_test)[:, 0], lsm.predict(X_test), rtol=1e-6)
    for readout in (SVR(), Ridge()):
        other = LSMRegressor(200, readout=readout, random_state=0)
        assert other.fit(X, energy[:, None].ravel()).score(X_test, energy_test) > 0.5
    assert not hasattr(lsm, "decision_function")
    with pytest.warns(UserWarning, match="column-vector"):
        LSMRegressor(30, readout=SVR(), random_state=0).fit(X[:30], energy[:30, None])


@pytest.mark.parametrize(
    ("Estimator", "readout"),
    [
        (LSMRegressor, LogisticRegression()),
        (LSMClassifier, Ridge()),
        (LSMClassifier, KMeans()),
        (LSMRegressor, "svm"),
    ],
)
def test_readout_of_another_kind(few_vowels, Estimator, readout):
    estimator = Estimator(30, readout=readout)
    assert Estimator.__name__ in estimator._repr_html_()
    with pytest.raises(ValueError, match="readout"):
        estimator.fit(few_vowels[0], np.arange(30) % 3)


def test_composed_readouts(few_vowels):
    X, y = few_vowels
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2)
    stack = StackingClassifier([("ridge", RidgeClassifierCV()), ("bayes", GaussianNB())], cv=2)
    for readout in (search, stack, make_pipeline(PCA(5), LogisticRegression())):
        assert LSMClassifier(30, readout=readout, random_state=0).fit(X, y).score(X, y) > 0.9


@pytest.mark.parametrize("factor", [-1, np.nan, "a"])
def test_bad_class_weight(few_vowels, factor):
    with pytest.raises((ValueError, TypeError), match="class_weight of class '1' must be"):
        LSMClassifier(30, class_weight={"1": factor}).fit(*few_vowels)


def test_labels_of_mixed_types(few_vowels):
    with pytest.raises((ValueError, TypeError), match="y must hold|Unknown label|label"):
        LSMClassifier(30).fit(few_vowels[0], np.array(["a", 1, 2] * 10, dtype=object))
    with pytest.raises(ValueError, match="y must hold numbers"):
        LSMRegressor(30).fit(few_vowels[0], few_vowels[1])


@pytest.mark.parametrize("Estimator", [LSMClassifier, LSMRegressor])
def test_bad_targets(few_vowels, Estimator):
    X, _ = few_vowels
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        Estimator(30).fit(X, np.arange(len(X) - 1) % 2)
    with pytest.raises(ValueError, match="requires y to be passed"):
        Estimator(30).fit(X, None)
    with pytest.raises(ValueError, match=r"contains NaN|Unknown label type|Input y"):
        Estimator(30).fit(X, np.full(len(X), np.nan))
    with pytest.raises(NotFittedError):
        Estimator(30).predict(X)


@pytest.mark.parametrize("weight", [None, [2.0, 0.0, 1.0]])
def test_one_sample_but_for_copies(few_vowels, weight):
    X = [few_vowels[0][i] for i in (0, 1 if weight else 0, 0)]
    with pytest.raises(ValueError, match="X holds 3 sequences, but only one sample that counts"):
        LSMRegressor(20, random_state=0).fit(X, [1.0, 1.0, 1.0], sample_weight=weight)


def test_one_class(few_vowels):
    X, y = few_vowels
    with pytest.raises(ValueError, match="y holds only one class.*'1'"):
        LSMClassifier(30).fit(X[:10], y[:10])
    weight = np.where(y == "2", 1.0, 0.0)
    with pytest.raises(ValueError, match="y holds only one class with a positive weight.*'2'"):
        LSMClassifier(30).fit(X, y, sample_weight=weight)
    with pytest.raises(ValueError, match=r"Unknown label type"):
        LSMClassifier(30).fit(X, np.linspace(0, 1, len(X)))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([], "X is empty"),
        ([np.zeros((0, 12))], "sample 0 has length zero"),
        ([np.zeros((3, 11))], "sequences of 11 channels"),
        (np.zeros((1, 2, 3, 4)), "X has 4 dimensions"),
        ([np.full((3, 12), np.nan)], "NaN: sample 0"),
    ],
)
def test_bad_sequences_at_prediction(few_vowels, X, message):
    lsm = LSMClassifier(30, random_state=0).fit(*few_vowels)
    with pytest.raises(ValueError, match=message):
        lsm.predict(X)


HOW_TO_RUN = {"engine": "numpy", "n_jobs": 3, "batch_size": 7, "verbose": True}


def test_how_to_run_acts_at_once_wherever_the_liquid_runs(few_vowels, monkeypatch):
    X, y = few_vowels
    seen, opened, batches = [], Runner.__init__, Runner.batches

    def opening(self, reservoir, plan, engine, n_jobs=None):
        seen.append((engine, n_jobs))
        opened(self, reservoir, plan, engine, n_jobs)

    def batching(self, sequences, batch_size=None):
        seen[-1] = (*seen[-1], batch_size)
        return batches(self, sequences, batch_size)

    for Estimator in (LSMClassifier, LSMRegressor):
        lsm = Estimator(30, random_state=0).fit(X, y.astype(float))
        predicted = lsm.predict(X)
        monkeypatch.setattr(Runner, "__init__", opening)
        monkeypatch.setattr(Runner, "batches", batching)
        for running in (lsm.set_params(**HOW_TO_RUN), pickle.loads(pickle.dumps(lsm))):
            assert [getattr(running.pipeline_[0], name) for name in HOW_TO_RUN] == [
                *HOW_TO_RUN.values()
            ]
            np.testing.assert_array_equal(running.predict(X), predicted)
            running.open_stream().push(X[0])
            with pytest.warns(UserWarning, match="begins anew"):
                running.partial_fit(X, y.astype(float))
            running.engine = "numba"  # as an attribute too
            running.predict(X)
        assert set(seen) == {("numpy", 3, 7), ("numpy", None), ("numba", 3, 7)}
        monkeypatch.undo()
        seen.clear()


@pytest.mark.parametrize("readout", ["ridge", "leaky_rate"])
def test_what_mlx_has_fitted_predicts_without_it(tmp_path, few_vowels, readout):
    X, y = few_vowels
    lsm = LSMClassifier(30, engine="mlx", readout=readout, random_state=0).fit(X, y)
    file = tmp_path / "lsm.pkl"
    file.write_bytes(pickle.dumps((lsm, X)))
    code = "import pickle, sys; sys.modules['mlx'] = None\n"
    code += "lsm, X = pickle.load(open(sys.argv[1], 'rb'))\n"
    code += "print(*lsm.set_params(engine='numpy').predict(X), sep='')"
    run = [sys.executable, "-c", code, str(file)]
    out = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert out.strip() == "".join(lsm.predict(X))
