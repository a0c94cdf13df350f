"""The fixture `replay`: runs an agent against a recorded run.

    def test_it(replay):
        run = replay("ghent", AGENT, "How is Ghent?")
        assert run.returncode == 0, run.stderr

The capture is captures/NAME.thc beside the test. What the agent asks is answered from it and from
nowhere else; the report of the replay is `run.report`. With RECORD=1 in the environment the agent
is run for real instead, and the capture is made anew.
"""

import json
import os
import pathlib
import subprocess

import pytest

TRACEHOOK = os.environ.get("TRACEHOOK", "tracehook")


@pytest.fixture
def replay(request, tmp_path):
    def run(name, *command, env=None, timeout=60):
        capture = request.path.parent / "captures" / (name + ".thc")
        report = tmp_path / "report.json"
        if os.environ.get("RECORD"):
            capture.unlink(missing_ok=True)
            wrapper = [TRACEHOOK, "record", "-q", "-o", capture, "--"]
        else:
            wrapper = [TRACEHOOK, "replay", "--strict", "--report", report, capture, "--"]
        done = subprocess.run([str(word) for word in [*wrapper, *command]], timeout=timeout,
                              env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
        done.report = json.loads(report.read_text()) if report.exists() else None
        return done
    return run
