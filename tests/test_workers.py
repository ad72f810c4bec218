"""Work that is left off: by the threads that do it, and where an interrupt comes in the midst."""

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from textwrap import dedent
from threading import Event, get_ident

import pytest

from skliquid._workers import each_in_threads, in_a_thread, leave_off_if_given_up


def test_the_others_end_when_one_fails_and_the_threads_serve_again():
    has_begun, ends = Event(), []

    def work(i):
        if i == 0:
            assert has_begun.wait(10)
            raise ZeroDivisionError
        has_begun.set()
        while True:  # for ever, were it not left off
            leave_off_if_given_up()
            time.sleep(0.001)

    with ThreadPoolExecutor(2) as threads:
        with pytest.raises(ZeroDivisionError):
            each_in_threads(threads, work, [(i,) for i in range(5)])
        each_in_threads(threads, ends.append, [(i,) for i in range(5)])
    assert sorted(ends) == list(range(5))
    leave_off_if_given_up()  # of a thread that works for nobody else nothing is given up


def test_a_call_in_a_thread_gives_what_the_function_gives():
    @in_a_thread
    def divided(a, *, by):
        return get_ident(), a / by

    thread, result = divided(6, by=2)
    assert thread != get_ident()
    assert result == 3
    with pytest.raises(ZeroDivisionError):
        divided(6, by=0)


LONG = """
import signal
import numpy as np
from skliquid import LiquidTransformer, LSMClassifier
X = np.random.default_rng(0).standard_normal((4, 50, 2), np.float32)
# What a shell starts in the background would not hear it.
signal.signal(signal.SIGINT, signal.default_int_handler)
def long(n): return np.broadcast_to(X[:1, :1], (n, 10**7 // n, 2)).copy()
"""
# What makes all ready, and what would take longer than a test may.
JOBS = {
    "homeostasis": ("LiquidTransformer().fit(X)", "LiquidTransformer().fit(long(1))"),
    "one sequence": ("m = LiquidTransformer().fit(X); m.transform(X)", "m.transform(long(1))"),
    "threads": (
        "m = LiquidTransformer(n_jobs=2).fit(X); m.transform(X)",
        "m.transform(long(2))",
    ),
    "a stream": (
        "m = LiquidTransformer().fit(X); m.open_stream().push(X[0])",
        "m.open_stream().push(long(1)[0])",
    ),
    "training": (
        "m = LSMClassifier(100, readout='leaky_rate').fit(X, [0, 1, 0, 1])",
        "m.set_params(train_reservoir=True).fit(np.tile(X, (16, 20, 1)), [0, 1] * 32)",
    ),
    "ridge": (
        "from skliquid.readouts._ridge import RidgeReadoutClassifier\n"
        "m = RidgeReadoutClassifier().fit(X[:, 0], [0, 1, 0, 1])",
        "m.fit(np.random.default_rng(0).standard_normal((4000, 8000)), np.arange(4000) % 3)",
    ),
}


@pytest.mark.parametrize("job", JOBS)
def test_an_interrupt_ends_a_long_job(job):
    """Uninterrupted, each takes far longer than the seconds given to it, of which one is usual."""
    ready, work = JOBS[job]
    code = dedent(LONG) + f"{ready}\nprint('ready', flush=True)\n{work}\nprint('done')"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        try:
            out, errors = process.communicate(timeout=10)
        finally:
            process.kill()
    assert not out
    assert errors.strip().splitlines()[-1] == "KeyboardInterrupt"
