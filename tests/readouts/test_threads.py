"""Threads around a BLAS with one."""

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from time import sleep

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

from skliquid.readouts._threads import serial_blas


def counts():
    return [lib["num_threads"] for lib in ThreadpoolController().select(user_api="blas").info()]


def test_number_is_restored_after_the_last_one_has_left():
    with threadpool_limits(2):
        before = counts()
        with serial_blas as outer:
            assert outer.n_threads == max(before)
            with serial_blas:
                assert set(counts()) == {1}
            assert set(counts()) == {1}
        assert counts() == before
        with pytest.raises(ZeroDivisionError), serial_blas:
            1 / 0  # noqa: B018
        assert counts() == before

        def enter(_):
            with serial_blas:
                return set(counts())

        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(enter, range(50))) == [{1}] * 50
        assert counts() == before


def test_number_is_restored_if_the_wait_for_threads_is_interrupted(monkeypatch):
    def interrupted(pool, wait=True):
        raise KeyboardInterrupt

    with threadpool_limits(2):
        before = counts()
        monkeypatch.setattr(ThreadPoolExecutor, "shutdown", interrupted)
        with pytest.raises(KeyboardInterrupt), serial_blas as threads:
            threads.each(len, [([],), ([],)])
        assert counts() == before


@pytest.mark.parametrize("n_threads", [1, 2])
def test_each_item_is_done_once_and_errors_come_through(n_threads):
    done = np.zeros(50, dtype=int)

    def count(i, step):
        done[i] += step

    def fail(i):
        raise ValueError(str(i))

    with threadpool_limits(n_threads), serial_blas as threads:
        threads.each(count, [(i, 2) for i in range(50)])
        with pytest.raises(ValueError, match="3"):
            threads.each(fail, [(3,), (3,)])
    np.testing.assert_array_equal(done, 2)


def test_calls_inside_of_calls_do_not_wait_for_each_other():
    done = np.zeros((8, 8), dtype=int)

    def count(i, j):
        done[i, j] += 1

    with threadpool_limits(2), serial_blas as threads:
        threads.each(
            lambda i: threads.each(count, [(i, j) for j in range(8)]), [(i,) for i in range(8)]
        )
    np.testing.assert_array_equal(done, 1)


def test_leaving_does_not_wait_for_threads_that_wait_for_it(monkeypatch):
    """One may begin when the others have done all there was to do."""
    begin, first, second = serial_blas._begin_worker, Event(), Event()

    def begin_late():
        if first.is_set():
            second.set()
            while not serial_blas._lock.locked():
                sleep(0.001)
        first.set()
        begin()

    def leave():
        with threadpool_limits(2), serial_blas as threads:
            threads.each(lambda _: second.wait(timeout=30), [(0,), (1,)])

    monkeypatch.setattr(serial_blas, "_begin_worker", begin_late)
    leaving = Thread(target=leave, daemon=True)
    leaving.start()
    leaving.join(timeout=30)
    assert not leaving.is_alive()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_a_fork_has_threads_of_its_own():
    """Forked while others are inside, of whose threads and locks nothing is left."""
    with threadpool_limits(2), serial_blas as threads:
        threads.each(lambda _: None, [(0,), (1,)])
        child = os.fork()
        if not child:
            serial_blas.each(lambda _: None, [(0,), (1,)])
            with serial_blas as mine:
                mine.each(lambda _: None, [(0,), (1,)])
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
