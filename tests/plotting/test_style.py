import subprocess
import sys

from skliquid.plotting._style import line_styles


def test_what_to_do_without_matplotlib():
    code = "import sys; sys.modules['matplotlib'] = sys.modules['matplotlib.pyplot'] = None\n"
    code += "from skliquid.plotting import plot_raster\n"
    code += "try:\n    plot_raster([[1]])\nexcept ImportError as error:\n    print(error)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected = (
        "skliquid.plotting needs matplotlib; install the extra: pip install 'skliquid[plots]'."
    )
    assert done.stdout.strip() == expected


def test_styles_differ():
    assert len({tuple(style.values()) for style in line_styles(28)}) == 28
    assert len(line_styles(60)) == 60
