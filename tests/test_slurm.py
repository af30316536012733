"""The recipe for SLURM renders the job script that it is meant to."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("dask_jobqueue", reason="needs dask-jobqueue: pip install dask-jobqueue")

PAGE = Path(__file__).parents[1] / "docs" / "cluster.md"


def test_the_job_script_has_one_worker_of_one_processor(tmp_path):
    recipe = next(
        block
        for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
        if "SLURMCluster(" in block
    )
    done = subprocess.run(
        [sys.executable, "-c", recipe + "\ncluster.close()"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    lines = done.stdout.splitlines()
    for line in (
        "#!/usr/bin/env bash",
        "#SBATCH -p normal",
        "#SBATCH -A my_project",
        "#SBATCH -n 1",
        "#SBATCH -t 04:00:00",
    ):
        assert line in lines, done.stdout
    assert "#SBATCH --mem=4G" in lines
    assert lines.index("source /path/to/.venv/bin/activate") < lines.index("export OMP_NUM_THREADS=1")
    (worker,) = (line for line in lines if "tcp://" in line)
    for option in ("--nthreads 1", "--lifetime 230m", "--lifetime-stagger 5m"):
        assert option in worker
