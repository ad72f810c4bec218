"""What is said where MLX is missing, or where it would hang."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from skliquid import LeakyReadoutClassifier, LiquidTransformer, LSMClassifier
from skliquid.engines import add_neuron
from skliquid.reservoirs import Neurons

X, Y = np.random.default_rng(0).normal(size=(8, 10, 2)), np.array([0, 1] * 4)
SMALL = {"reservoir_size": 20, "random_state": 0}


def trained_liquid():
    readout = LeakyReadoutClassifier(max_iter=1)
    return LSMClassifier(readout=readout, train_reservoir=True, **SMALL).fit(X, Y)


PLACES = {
    "engine='mlx' needs .*engine='numba'": lambda: LiquidTransformer(engine="mlx").fit(X),
    "engine='mlx' needs MLX": lambda: add_neuron("mlx", Neurons, lambda *arguments: None),
    "leaky readout .*readout='ridge'": lambda: LeakyReadoutClassifier().fit(X, Y),
    "readout='leaky_rate'": lambda: LSMClassifier(readout="leaky_rate", **SMALL).fit(X, Y),
    "train_reservoir=True needs .*train_reservoir=False": trained_liquid,
    "to_reservoir needs .*liquid_": lambda: LiquidTransformer(**SMALL).fit(X).to_reservoir(),
}


@pytest.mark.parametrize("message", PLACES)
def test_what_needs_it_is_named_where_it_is_missing(message, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlx.core", None)
    with pytest.raises(ImportError, match=message) as caught:
        PLACES[message]()
    assert 'pip install "mlx[cpu]"' in str(caught.value)
    assert caught.value.name == "mlx.core"


def run(code):
    here = os.path.dirname(__file__)
    code = f"import sys; sys.path.insert(0, {here!r})\n" + textwrap.dedent(code)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )


def test_the_modules_say_so_too():
    done = run("sys.modules['mlx.core'] = None; import skliquid.nn")
    assert "ImportError: skliquid.nn needs MLX" in done.stderr
    assert "LiquidTransformer with engine='numba'" in done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_fork_of_a_process_that_computed_is_told_of():
    """Without the error the children wait for ever."""
    done = run(
        """
        import os, mlx.core as mx
        from skliquid import LiquidTransformer
        import test_mlx
        fitted = LiquidTransformer(engine="mlx", **test_mlx.SMALL).fit(test_mlx.X)
        stream = fitted.open_stream()
        places = [*test_mlx.PLACES.values(), lambda: stream.push([[0.0, 0.0]])]
        child = os.fork()
        if not child:
            told = 0
            for place in places:
                try:
                    place()
                except RuntimeError as error:
                    told += "forked" in str(error) and "loky" in str(error)
            # What does not need MLX goes on, and so do forks of this one.
            LiquidTransformer(engine="numpy", **test_mlx.SMALL).fit_transform(test_mlx.X)
            os._exit(told)
        told = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        fitted.transform(test_mlx.X)  # here it still runs
        print(told == len(places))
        """
    )
    assert done.stdout.strip() == "True", done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_fork_before_anything_was_computed_runs():
    done = run(
        """
        import os, mlx.core as mx
        import skliquid.nn, test_mlx
        child = os.fork()
        if not child:
            test_mlx.LiquidTransformer(engine="mlx", **test_mlx.SMALL).fit(test_mlx.X)
            os._exit(7)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """
    )
    assert done.stdout.strip() == "7", done.stderr
