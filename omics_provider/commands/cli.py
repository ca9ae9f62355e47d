"""The command line: one table says what each command is called, does and takes.

The module that carries a command out is imported when the command is chosen, so that help costs
neither boto3 nor jinja2.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

from omics_provider.base.errors import OmicsError

_PACKAGE: Final = "omics-provider"
#: The command that the package installs.
_SCRIPT: Final = "omics"
_WHERE: Final = """\
Region, profile and endpoint come from the options, or else from AWS's usual variables (AWS_REGION,
AWS_PROFILE, AWS_ENDPOINT_URL).
"""
_CODES: Final = """\
Exit codes: 0 for success, 1 if a run could not be read, 2 if the command is not understood.
"""
_EXPLAIN: Final = """\
Explain in a few lines why runs failed: the failure code in plain words, what to do next, the
failed task, the end of its log, links to the console. Runs that failed in the same way share one
explanation. Name a run by its id, or by its resource in the stack of --stack or in the selected
stack. Without a RUN, the command explains all runs of the stack that are not recorded as completed.
Other options come from the stack's configuration.
"""
_REPORT: Final = """\
Write one HTML page, or JSON, about runs: a timeline of runs and tasks, states, durations, the use
of reserved CPUs, memory and storage, explanations of failures. The page needs no network and has no
script. With --stack, other options come from the stack's configuration (omics:region,
omics:endpoint).
"""
_PREVIEW: Final = """\
Show what an update would do to runs, why, and what it costs: for a pull request, a terminal or a
program. FILE is the output of `pulumi preview --json`, and - is standard input. Without FILE, the
command runs the preview. Other options come from the configuration in the preview. The command
looks up the state of the runs that end, and the time and cost of past runs. It changes nothing.
"""
_PREVIEW_CODES: Final = """\
Exit codes: 0 for success, 1 if the preview failed or could not be read, 2 if the command or the
policy is not understood. 3 if the update would break a rule of the policy.
"""
_DRIFT: Final = """\
Show what differs between a stack's state and the service: runs that have ended, failed or
disappeared, tags changed by hand, starts in doubt, and runs with the stack's mark in no state. The
command only reads. --fix records what happened (`pulumi refresh` of these runs alone) and restores
declared tags. It never starts, cancels or deletes anything. Other options come from the stack's
configuration.
"""
_DRIFT_CODES: Final = """\
Exit codes: 0 if there is no drift or all of it was fixed, 2 if the command is not understood, 4 if
there is drift. Otherwise 1, if something could not be read or fixed.
"""
_DOCTOR: Final = """\
Check what runs need: engine, packages, state backend, credentials, Region, rights, quotas. Each
line is ok, a warning, or wrong, with what to do. The command only reads, and names the rights that
only a change could test. Other options come from the file of --stack.
"""
_DOCTOR_CODES: Final = """\
Exit codes: 0 for success, 1 if something is wrong, 2 if the command is not understood.
"""
_MOVE: Final = """\
Move a stack's runs, batches, groups, caches and workflows from Python's classes to the native
provider, so that a program in any language has them. Nothing starts, and nothing ends. The command
writes a state for `pulumi stack import`, and changes nothing itself. After an interrupted update it
refuses, and says what to do first.
"""
_MOVE_CODES: Final = """\
Exit codes: 0 for success, 1 if the state could not be read or moved, 2 if the command is not
understood.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    command = import_module(f"omics_provider.commands.{options.command}.command")
    try:
        return int(command.run(options))
    except OmicsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{error.filename or options.command}: {error.strerror or error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_called_as(),
        description="AWS HealthOmics runs: why they failed, how they stand, what an update does.",
    )
    parser.add_argument("--version", action="version", version=f"{_PACKAGE} {version(_PACKAGE)}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in _COMMANDS.items():
        own = commands.add_parser(
            name,
            help=command.summary,
            description=command.description,
            epilog=f"{_WHERE} {command.codes}" if command.asks else command.codes,
        )
        if command.asks:
            own.add_argument("--region", help="the Region of the runs")
            own.add_argument("--profile", help="a profile of ~/.aws/config")
            own.add_argument(
                "--endpoint", help="a URL, or `local` for the emulator in this process"
            )
        command.add_options(own)
    return parser


def _called_as() -> str:
    """Return the words with which the user has called this."""
    name = Path(sys.argv[0]).stem
    return name if name == _SCRIPT else f"python -m {__package__.partition('.')[0]}"


def _explain_options(explain: argparse.ArgumentParser) -> None:
    add = explain.add_argument
    add("runs", nargs="*", metavar="RUN", help="id of a run, or its resource's name")
    add("--stack", metavar="NAME", help="the stack that has the runs")


def _report_options(report: argparse.ArgumentParser) -> None:
    which = report.add_mutually_exclusive_group(required=True)
    which.add_argument("--stack", metavar="NAME", help="all runs of this Pulumi stack")
    which.add_argument("--runs", nargs="+", metavar="ID", help="these runs")
    report.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="where to write, - for standard output",
    )
    report.add_argument("--json", action="store_true", help="write JSON instead of a page")


def _doctor_options(doctor: argparse.ArgumentParser) -> None:
    add = doctor.add_argument
    add("--stack", metavar="NAME", help="take the configuration of this stack")
    add("--bucket", metavar="NAME", help="check this bucket too, for results")
    add("--role", metavar="ARN", help="check this role too, for runs to assume")
    add("--json", action="store_true", help="write JSON instead of text")


def _preview_options(preview: argparse.ArgumentParser) -> None:
    add = preview.add_argument
    add(
        "file",
        nargs="?",
        metavar="FILE",
        help="output of `pulumi preview --json`; - is standard input",
    )
    add("--stack", metavar="NAME", help="the stack of the preview, without FILE")
    _writing_options(preview)
    add("--offline", action="store_true", help="call nothing: recorded states, listed prices")
    add(
        "--prices",
        metavar="FILE",
        help="a price list of your own, JSON, which overrides the package's",
    )
    add("--drift", action="store_true", help="add the findings of the command drift")
    _orphans_option(preview)
    rules = preview.add_argument_group("policy")
    rule = rules.add_argument
    rule("--policy", metavar="FILE", help="YAML with the rules below, such as max_cost: 40")
    rule("--max-cost", type=float, metavar="USD", help="the most that all new runs may cost")
    rule("--max-runs", type=int, metavar="N", help="the most runs that may start")
    rule("--no-cancel-running", action="store_true", help="no active run may be cancelled")
    rule("--allow-unknown-cost", action="store_true", help="allow runs of unknown cost")


def _drift_options(drift: argparse.ArgumentParser) -> None:
    add = drift.add_argument
    add("--stack", metavar="NAME", help="the stack; by default the selected one")
    _writing_options(drift)
    _orphans_option(drift)
    add("--all-tags", action="store_true", help="ask for each run, to see all tags")
    add("--fix", action="store_true", help="record what happened, and restore declared tags")


def _move_options(move: argparse.ArgumentParser) -> None:
    add = move.add_argument
    add("--stack", metavar="NAME", help="the stack; by default the selected one")
    add("-o", "--output", required=True, metavar="FILE", help="where to write the moved state")


def _writing_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add(
        "--format",
        choices=("markdown", "text", "json"),
        help="what to write; by default text at a terminal, markdown elsewhere",
    )
    add(
        "-o",
        "--output",
        default="-",
        metavar="FILE",
        help="where to write; by default standard output",
    )


def _orphans_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--orphans",
        type=_count,
        default=200,
        metavar="N",
        help="look for the stack's mark at N unknown runs; by default 200, 0 is off",
    )


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


class _Command(NamedTuple):
    """A command: the words of its help, its options, and whether it asks the service."""

    summary: str
    description: str
    codes: str
    add_options: Callable[[argparse.ArgumentParser], None]
    asks: bool = True


#: Each has a folder of its name, whose module `command` has the function `run`.
_COMMANDS: Final = {
    "explain": _Command("explain why runs failed", _EXPLAIN, _CODES, _explain_options),
    "report": _Command("write a page about runs", _REPORT, _CODES, _report_options),
    "preview": _Command("show what an update would do", _PREVIEW, _PREVIEW_CODES, _preview_options),
    "drift": _Command(
        "show what differs from a stack's state", _DRIFT, _DRIFT_CODES, _drift_options
    ),
    "doctor": _Command("check the set-up", _DOCTOR, _DOCTOR_CODES, _doctor_options),
    "move": _Command(
        "move a stack to the native provider", _MOVE, _MOVE_CODES, _move_options, asks=False
    ),
}
