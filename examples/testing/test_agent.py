"""What an agent does, tested against a recorded run: no network, no key, the same each time."""

import os
import pathlib
import re

import pytest

AGENT = pathlib.Path(__file__).parents[2] / "demo" / "agent.py"
SETTINGS = {"OPENAI_BASE_URL": "https://model.example.test/v1",
            "TOOL_URL": "https://tools.example.test/tools", "OPENAI_API_KEY": "none"}


def test_the_answer_uses_what_the_tool_said(replay):
    run = replay("ghent", AGENT, "How is Ghent?", env=SETTINGS)
    assert run.returncode == 0, run.stderr
    said = re.search(r"^tool:  (.*)$", run.stdout, re.MULTILINE).group(1)
    assert said in run.stdout.splitlines()[-1]


@pytest.mark.skipif("RECORD" in os.environ, reason="there is no report of a recording")
def test_it_asks_the_model_three_times_and_the_tool_once(replay):
    run = replay("ghent", AGENT, "How is Ghent?", env=SETTINGS)
    assert run.report["matched"] == run.report["spans"] == 4


@pytest.mark.skipif("RECORD" in os.environ, reason="nothing is missing from a recording")
def test_a_changed_prompt_does_not_pass_unseen(replay):
    run = replay("ghent", AGENT, "How is Bruges?", env=SETTINGS)
    assert run.returncode == 96
    assert "How is Bruges?" in run.report["misses"][0]["why"]
