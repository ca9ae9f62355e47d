"""The policy: what it forbids, by how much, and what is wrong with its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from omics_provider.base.errors import SettingsError
from omics_provider.commands.preview.data import Figures
from omics_provider.commands.preview.policy import Policy, breaches, policy
from omics_provider.commands.preview.prices import Range


def figures(**given: Any) -> Figures:
    nothing = {
        "new": 0, "new_least": 0, "replaced": 0, "adopted": 0, "updated": 0, "removed": 0,
        "left_over": 0, "cancelled": 0, "maybe_cancelled": 0, "unchanged": 0, "usd": None,
        "usd_unknown": 0, "longest": None, "longest_unknown": 0,
    }  # fmt: skip
    return Figures(**{**nothing, **given})


@pytest.mark.parametrize(
    ("rules", "given", "words"),
    [
        (Policy(), {"new": 9, "usd_unknown": 9, "cancelled": 9}, []),
        (Policy(max_cost=52), {"new": 3, "usd": Range(41, 52)}, []),
        (
            Policy(max_cost=51.5),
            {"new": 3, "usd": Range(41, 52)},
            ["max_cost: up to 52.00 USD, allowed: 51.50: 0.50 too much."],
        ),
        (Policy(max_cost=0), {}, []),
        (
            Policy(max_cost=100),
            {"new": 3, "usd": Range(41, 52), "usd_unknown": 1},
            ["max_cost: runs of unknown cost: 1 of 3; allow_unknown_cost allows them."],
        ),
        (Policy(max_cost=100, allow_unknown_cost=True), {"new": 3, "usd_unknown": 3}, []),
        (Policy(max_runs=3), {"new": 1, "replaced": 2, "adopted": 5}, []),
        (
            Policy(max_runs=2),
            {"new": 1, "replaced": 2},
            ["max_runs: runs that start: 3, allowed: 2: 1 too many."],
        ),
        (Policy(no_cancel_running=True), {"removed": 2}, []),
        (
            Policy(no_cancel_running=True),
            {"cancelled": 2, "maybe_cancelled": 1},
            [
                "no_cancel_running: active runs are cancelled: 2; none may be.",
                "no_cancel_running: runs are cancelled if they are still active (not known): 1.",
            ],
        ),
    ],
)
def test_a_broken_rule_says_by_how_much(
    rules: Policy, given: dict[str, Any], words: list[str]
) -> None:
    found = breaches(figures(**given), rules)
    assert [breach.words for breach in found] == words
    assert all(breach.words.startswith(breach.rule) for breach in found)


def test_options_go_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("max_cost: 40\nmax_runs: 10\nno_cancel_running: true\n")
    assert policy(str(file), {"max_cost": 50.0, "max_runs": None}) == Policy(50.0, 10, True)
    assert policy(None, {"no_cancel_running": False}).is_empty
    assert not policy(None, {"max_runs": 0}).is_empty


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("max_costs: 3", "max_costs is not a rule (there are max_cost, max_runs, "),
        ("max_cost: cheap", "max_cost is not a number from 0 of USD"),
        ("max_cost: .nan", "max_cost is not a number from 0 of USD"),
        ("max_cost: true", "max_cost is not a number from 0 of USD"),
        ("max_runs: 2.5", "max_runs is not a number from 0 of runs"),
        ("max_runs: -1", "max_runs is not a number from 0 of runs"),
        ("no_cancel_running: maybe", "no_cancel_running is neither true nor false"),
        ("- max_cost", "it has no rules"),
        ("", "it has no rules"),
        ("a: [", "it is not YAML"),
        ("max_cost: x\nmax_runs: y", "USD; max_runs is no"),
    ],
)
def test_a_file_that_is_no_policy_is_refused(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        policy(str(file), {})
    assert words in str(caught.value)
