"""Check what would be uploaded: what the archives hold, and that the wheel does what README says.

It runs in an environment that has the wheel and nothing else, given the folder of the archives.
"""

import re
import sys
import tarfile
import zipfile
from pathlib import Path

import skliquid

ROOT = Path(__file__).parents[1]
# Where libraries round otherwise.
ANOTHER_MACHINE = 0.004

if Path(skliquid.__file__).parent == ROOT / "skliquid":
    sys.exit(f"This is the package of {ROOT}, and no wheel.")

(wheel,), (sdist,) = Path(sys.argv[1]).glob("*.whl"), Path(sys.argv[1]).glob("*.tar.gz")
installed = set(zipfile.ZipFile(wheel).namelist())
with tarfile.open(sdist) as archive:
    shipped = {name.partition("/")[2] for name in archive.getnames()}
package = {
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "skliquid").rglob("*")
    if path.suffix in {".py", ".npz", ".typed"}
}
tests = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*.py")}
own = {name for name in installed if ".dist-info/" not in name}
for fault in (own ^ package, (package | tests | {"LICENSE", "CHANGELOG.md"}) - shipped):
    if fault:
        sys.exit(f"The archives lack, or should not hold, {sorted(fault)}.")

block = re.search(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.S | re.M)
*lines, last = block[1].strip().splitlines()
expression, said = last.split("  # ")
names = {}
exec("\n".join(lines), names)
found = eval(expression, names)
if abs(found - float(said)) > ANOTHER_MACHINE:
    sys.exit(f"README says {said}, and the wheel gives {found}.")
print(f"README's example: {found:.3f}")
