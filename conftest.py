"""Which doctests are left out: those of the adapters to packages that are not there."""

from importlib.util import find_spec

collect_ignore = [f"skliquid/{name}.py" for name in ("aeon", "sktime") if find_spec(name) is None]
