"""Where compiled kernels are kept, and when they are compiled anew."""

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numba
import pytest

import skliquid
from skliquid import _compile

CODE = """
import numpy as np
from skliquid import LiquidTransformer
from skliquid.engines._numba.loop import run
X = np.random.default_rng(0).normal(size=(3, 20, 1))
features = LiquidTransformer(20, target_rate=None, random_state=0).fit_transform(X)
print(features[:, :20].sum(), sum(run.stats.cache_hits.values()))
"""


def run(package, cache):
    # Python's own kept code is told by size and time alone, so none is written.
    environment = os.environ | {"PYTHONPATH": str(package), "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run(
        [sys.executable, "-B", "-c", CODE],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd=package,
    )
    return done.stdout.split()


def test_an_edit_of_any_source_reaches_a_warm_cache(tmp_path):
    package, cache = tmp_path / "package", tmp_path / "cache"
    shutil.copytree(
        Path(skliquid.__file__).parent,
        package / "skliquid",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    first, hits = run(package, cache)
    assert hits == "0"
    assert run(package, cache) == [first, "1"]
    # Not the file of the compiled function, but one written into it; of the same size and time.
    source = package / "skliquid" / "engines" / "_numba" / "sinks.py"
    kept = os.stat(source)
    text = source.read_text()
    edited = text.replace("counts[i] += fired[i]", "counts[i] -= fired[i]")
    assert edited != text
    source.write_text(edited)
    os.utime(source, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    second, hits = run(package, cache)
    assert hits == "0"
    assert float(second) == -float(first) != 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_places_that_cannot_be_written(tmp_path, monkeypatch):
    tmp_path.chmod(0o500)
    monkeypatch.setattr(_compile.config, "CACHE_DIR", str(tmp_path))
    _compile.cache_folder.cache_clear()
    assert _compile.cache_folder() is None


def test_compiles_where_nothing_can_be_kept(monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setattr(_compile.config, "CACHE_DIR", str(blocked))
    _compile.cache_folder.cache_clear()
    assert _compile.cache_folder() is None

    def double(x):
        return 2 * x

    assert _compile.compiled(double)(3) == 6
    assert _compile.compiled_to(numba.types.int64(numba.types.int64), double)(3) == 6
    _compile.cache_folder.cache_clear()


def test_numba_s_own_folder_is_left(monkeypatch, tmp_path):
    monkeypatch.setattr(_compile.config, "CACHE_DIR", str(tmp_path))
    _compile.cache_folder.cache_clear()

    def triple(x):
        return 3 * x

    assert _compile.compiled(triple)(3) == 9
    assert str(tmp_path) == _compile.config.CACHE_DIR
    (folder,) = tmp_path.iterdir()
    assert folder.name == "skliquid-kernels"
    assert any(folder.rglob("*.nbi"))
    _compile.cache_folder.cache_clear()


def test_folders_of_others_are_left_and_old_ones_of_ours_forgotten(monkeypatch, tmp_path):
    monkeypatch.setattr(_compile.config, "CACHE_DIR", str(tmp_path))
    for i in range(12):
        (tmp_path / f"skliquid-paper{i}").mkdir()
        old = tmp_path / "skliquid-kernels" / f"digest{i}"
        old.mkdir(parents=True)
        os.utime(old, (i, i))
    _compile.cache_folder.cache_clear()
    mine = _compile.cache_folder()
    _compile.cache_folder.cache_clear()
    assert len(list(tmp_path.glob("skliquid-paper*"))) == 12
    kept = sorted((tmp_path / "skliquid-kernels").iterdir())
    assert len(kept) == 8
    assert Path(mine) in kept
    assert tmp_path / "skliquid-kernels" / "digest11" in kept


def test_user_without_a_home(monkeypatch):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(_compile.Path, "home", no_home)
    monkeypatch.setattr(_compile.config, "CACHE_DIR", "")
    assert [place.name for place in _compile._places()] == ["__pycache__"]


def kept_functions(folder):
    """Two functions as they are found in a folder by a process that begins."""

    def quadruple(x):
        return 4 * x

    def fivefold(x):
        return 5 * x

    made = _compile.compiled(quadruple)
    signature = numba.types.int64(numba.types.int64)
    # Only the package's own are kept.
    address = _compile.compiled_to(signature, fivefold)
    assert (made(3), address(3)) == (12, 15)
    return sum(made.stats.cache_hits.values())


@pytest.fixture
def in_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(_compile.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(_compile, "_PACKAGE", Path(__file__).parent)
    monkeypatch.setattr(_compile, "_digest", lambda files: "0")
    _compile.cache_folder.cache_clear()
    yield tmp_path
    _compile.cache_folder.cache_clear()


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda file: b"",
        lambda file: file[: len(file) // 2],
        lambda file: b"nothing of the kind",
        lambda file: file[:-40] + bytes(20) + file[-20:],
    ],
    ids=["empty", "half", "other", "flipped"],
)
def test_damaged_files_are_made_anew(in_folder, suffix, damage):
    assert kept_functions(in_folder) == 0
    assert kept_functions(in_folder) == 1
    files = sorted(in_folder.rglob(f"*.{suffix}"))
    assert len(files) == 2
    for file in files:
        file.write_bytes(damage(file.read_bytes()))
    assert kept_functions(in_folder) == 0
    assert kept_functions(in_folder) == 1


def test_a_disk_that_fails_does_not_stop_a_fit(in_folder, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_compile.KernelCache, "flush", full)
    monkeypatch.setattr("numba.core.caching.IndexDataCacheFile._open_for_write", full)
    assert kept_functions(in_folder) == 0
    assert kept_functions(in_folder) == 0


def test_a_folder_that_was_filled_is_read_where_nothing_can_be_written(in_folder, monkeypatch):
    """Whoever runs the tests: root writes everywhere."""
    assert kept_functions(in_folder) == 0

    def refuse(*arguments, **settings):
        raise PermissionError(13, "Permission denied")

    _compile.cache_folder.cache_clear()
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    monkeypatch.setattr("os.makedirs", refuse)
    monkeypatch.setattr("numba.core.caching.IndexDataCacheFile._open_for_write", refuse)
    assert kept_functions(in_folder) == 1
    for file in in_folder.rglob("*.nbi"):
        file.unlink()
    _compile.cache_folder.cache_clear()
    assert _compile.cache_folder() is None
    assert kept_functions(in_folder) == 0


def test_threads_keep_results_in_the_same_folder(monkeypatch, tmp_path):
    before, seen = _compile.config.CACHE_DIR, []

    def made_slowly(function):
        time.sleep(0.01)
        seen.append(_compile.config.CACHE_DIR)

    monkeypatch.setattr(_compile, "cache_folder", lambda: str(tmp_path))
    monkeypatch.setattr(_compile, "KernelCache", made_slowly)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: _compile._keep(SimpleNamespace(), None), range(8)))
    assert seen == [str(tmp_path)] * 8
    assert before == _compile.config.CACHE_DIR
