"""Tests of the cluster that Ray's jobs are tested with."""

import re
import subprocess
import sys
from pathlib import Path

import psutil
from ray_head import STOP_S, ray_head

JOB = """
import os, ray, subprocess, sys
ray.init()
print("cpus", ray.cluster_resources()["CPU"], sys.argv[1:], os.environ["WORD"], os.path.exists("here.txt"))
print("left", subprocess.Popen(["sleep", "600"], start_new_session=True).pid)
"""
HOLD = """
from ray_head import ray_head
with ray_head(1) as head:
    print(head.guard, flush=True)
    input()
"""


def test_jobs_run_with_the_right_token_and_nothing_outlives_the_head(tmp_path):
    (tmp_path / "job.py").write_text(JOB)
    (tmp_path / "here.txt").touch()
    with ray_head() as head:
        given = {"working_dir": tmp_path, "job_environment": {"WORD": "a b"}}
        job = head.submit("python", "job.py", "x y", **given)
        refused = head.submit("python", "-c", "print('let in')", token="0" * 32)
        processes = [psutil.Process(head.guard), *head.processes()]
    assert job.returncode == 0
    assert "cpus 2.0 ['x y'] a b True" in job.stdout
    assert refused.returncode == 1
    assert "Invalid authentication token" in refused.stderr
    assert "let in" not in refused.stdout
    assert int(re.search(r"left (\d+)", job.stdout)[1]) in [process.pid for process in processes]
    assert [process.pid for process in processes if process.is_running()] == []


def test_the_head_ends_when_its_owner_is_killed():
    owner = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        cwd=Path(__file__).parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with owner:
        guard = psutil.Process(int(owner.stdout.readline()))
        folder = Path(guard.cmdline()[3])
        processes = [guard, *guard.children(recursive=True)]
        owner.kill()
    _, alive = psutil.wait_procs(processes, 3 * STOP_S)
    assert alive == []
    assert not folder.exists()
