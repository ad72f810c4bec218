"""The tables that benchmarks keep for the manual are what their code writes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import wilcoxon

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
RESULTS = BENCHMARKS / "results"
OURS = "LSMClassifier()"
ACCURACIES = {  # of eight sets
    OURS: [0.80, 0.90, 0.70, 0.60, 0.95, 0.85, 0.75, 0.5],
    "LSMClassifier(500)": [0.7, 0.8, 0.6, 0.5, 0.9, 0.8, 0.7, 0.4],
    "MiniRocket": [0.79, 0.90, 0.78, 0.55, 0.90, 0.81, 0.72, 0.53],
}
N_CHANNELS = [1, 1, 1, 1, 1, 1, 2, 3]
SECONDS = {OURS: 2.0, "LSMClassifier(500)": 0.5, "MiniRocket": 3.0}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Tables that ``comparison.py`` writes of rows as ``accuracy.py`` keeps them."""
    folder = tmp_path_factory.mktemp("tables")
    rows = folder / "rows.json"
    with rows.open("w") as file:
        for name, accuracies in ACCURACIES.items():
            for i, (accuracy, n) in enumerate(zip(accuracies, N_CHANNELS, strict=True)):
                row = {"classifier": name, "set": f"set {i}", "resample": 0, "seed": 0}
                row |= {"splits": "test_part", "n_channels": n, "accuracy": accuracy}
                row |= {"fit_cpu_seconds": SECONDS[name], "predict_cpu_seconds": 0.5}
                file.write(json.dumps(row) + "\n")
    command = [sys.executable, BENCHMARKS / "comparison.py", rows, "--tables", folder]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return {path.name: pd.read_csv(path, index_col=0) for path in folder.glob("*.csv")}


def test_tables_of_accuracies(written):
    kept = {path.name: pd.read_csv(path, index_col=0) for path in RESULTS.glob("accuracy_*.csv")}
    assert written.keys() == kept.keys()
    for name, table in written.items():
        assert [table.index.name, *table] == [kept[name].index.name, *kept[name]]


def test_statistics_of_rivals(written):
    ours, theirs = (np.array(ACCURACIES[name])[:6] for name in (OURS, "MiniRocket"))
    table = written["accuracy_one_channel.csv"]
    assert list(table.index) == ["MiniRocket"]
    row = table.loc["MiniRocket"]
    assert row["mean accuracy"] == pytest.approx(theirs.mean(), abs=5e-5)
    assert (row["better"], row["equal"], row["worse"]) == (4, 1, 1)
    assert row["p"] == pytest.approx(wilcoxon((ours - theirs).round(4)).pvalue, rel=0.05)
    assert (row["worst gap"], row["on"], row["5 points below"]) == (-0.08, "set 2", 1)
    assert row["times the seconds"] == 3.5 / 2.5
    assert written["accuracy_several_channels.csv"].loc["MiniRocket", "worst gap"] == -0.03


def test_settings(written):
    table = written["accuracy_settings.csv"]
    assert list(table.index) == ["LSMClassifier(500)", OURS]
    several = np.mean([ACCURACIES[name][6:] for name in table.index], axis=1)
    np.testing.assert_allclose(table["several channels"], several, atol=5e-5)
    assert list(table["CPU seconds, one channel"]) == [6 * 1.0, 6 * 2.5]
    assert list(table["CPU seconds, several channels"]) == [2 * 1.0, 2 * 2.5]


def test_classifiers_that_the_manual_compares_can_be_run():
    text = "".join((BENCHMARKS / f"{name}.py").read_text() for name in ("classifiers", "settings"))
    for path in RESULTS.glob("accuracy_*.csv"):
        names = [name for name in pd.read_csv(path, index_col=0).index if name[-1] != "*"]
        assert not [name for name in names if f'"{name}"' not in text]


def test_each_table_has_its_place_in_the_benchmarks_own_text():
    text = (BENCHMARKS / "README.md").read_text("utf-8")
    assert len(list(RESULTS.glob("*.csv"))) > 10
    assert not [
        path.name for path in RESULTS.glob("*.csv") if f"(results/{path.name})" not in text
    ]
