import pytest

from skliquid._checks import shown


@pytest.mark.parametrize("value", [3.0, None, "word", ["a"] * 30])
def test_short_values_are_shown_whole(value):
    assert shown(value) == repr(value)


def test_long_values_are_cut():
    assert shown(list(range(1000))) == repr(list(range(1000)))[:200] + "..."
