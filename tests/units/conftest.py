import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.once import once

Units = dict[str, dict[str, float]]
_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def units(tmp_path_factory: pytest.TempPathFactory) -> Units:
    """What each operation uses, counted once a session, in a process of its own.

    The tables' names and botocore's hooks last for a process.
    """

    def count(folder: Path) -> None:
        command = [sys.executable, "-m", "bench.units", "--out", str(folder / "units.json")]
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    loaded: Units = json.loads((once(tmp_path_factory, "units", count) / "units.json").read_text())
    return loaded
