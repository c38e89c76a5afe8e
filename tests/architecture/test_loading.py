"""What a process must not load before it needs it: the plotting library costs 40 MB in each."""

import subprocess
import sys

import pytest

from tests.architecture.source import ROOT


@pytest.mark.parametrize("process", ["ingest", "alerts", "notices", "api"])
def test_no_process_loads_the_plotting_library_at_its_start(process):
    code = f"import sys, services.{process}.main; print('matplotlib' in sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    assert told.stdout.strip() == "False"
