"""`python -m omics_provider`: explain failed runs, report on runs."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from omics_provider.core.errors import OmicsError, SettingsError
from omics_provider.core.settings import Settings, from_config

_WHERE: Final = """\
Region, profile and endpoint come from the options, else from the environment as everywhere with
AWS (AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL). Ends with 0, with 1 where a run could not be read,
with 2 where the command is not understood.
"""
_EXPLAIN: Final = """\
Say in few lines why runs failed: the failure code in plain words and what to do next, the failed
task, the end of its log, links to the console. Runs that failed alike are told once.
"""
_REPORT: Final = """\
Write one HTML page, or JSON, about runs: a timeline of runs and tasks, states, durations, how much
of what was reserved was used, failures explained. The page needs no network and has no script.
With --stack, options not given come from the stack's configuration (omics:region, omics:endpoint).
"""
_NO_JINJA: Final = 'The page needs jinja2: pip install "omics-provider[report]". --json does not.\n'


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except OmicsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{error.filename or options.command}: {error.strerror or error}\n")
        return 1


def _explain(options: argparse.Namespace) -> int:
    from omics_provider.aws.explaining import explain_ids

    explained = explain_ids(_settings(options, {}), options.runs)
    sys.stdout.write(explained.text + "\n")
    return 1 if explained.missing else 0


def _report(options: argparse.Namespace) -> int:
    from omics_provider.report import data, gathering, stack

    if not options.json and not _has_jinja():
        sys.stderr.write(_NO_JINJA)
        return 1
    config: dict[str, str] = {}
    title = "HealthOmics runs"
    wanted = [gathering.Wanted(each) for each in dict.fromkeys(options.runs or ())]
    if options.stack:
        title, config = f"Stack {options.stack}", stack.config(options.stack)
        wanted = stack.runs_of(stack.state(options.stack))
    made = gathering.gathered(_settings(options, config), wanted, title, datetime.now(UTC))
    if options.json:
        text = json.dumps(data.document(made), indent=2) + "\n"
    else:
        from omics_provider.report import page

        text = page.rendered(made)
    _write(options.output, text)
    return 1 if any(run.status in ("DELETED", "UNKNOWN") for run in made.runs) else 0


def _has_jinja() -> bool:
    from importlib.util import find_spec

    return find_spec("jinja2") is not None


def _write(output: str, text: str) -> None:
    if output == "-":
        sys.stdout.write(text)
    else:
        Path(output).write_text(text, "utf-8")
        sys.stderr.write(f"Written: {output}\n")


def _settings(options: argparse.Namespace, config: dict[str, str]) -> Settings:
    """Take the options first, then the stack's configuration, then the environment."""
    given = {
        "omics:region": options.region,
        "omics:profile": options.profile,
        "omics:endpoint": options.endpoint,
    }
    # boto3 reads no AWS_REGION, and reads the endpoint without telling that there is no console.
    variables = {
        "omics:region": os.environ.get("AWS_REGION"),
        "omics:endpoint": os.environ.get("AWS_ENDPOINT_URL_OMICS")
        or os.environ.get("AWS_ENDPOINT_URL"),
    }
    known: dict[str, str] = {}
    for source in (variables, config, given):
        known |= {key: value for key, value in source.items() if value}
    try:
        return from_config(known.get)
    except SettingsError as error:
        raise SettingsError(
            error.operation, error.detail, advice="Give --endpoint URL, or `local`."
        ) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m omics_provider",
        description="AWS HealthOmics runs: why they failed, and a page about them.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    explain = _command(commands, "explain", "say why runs failed", _EXPLAIN)
    explain.add_argument("runs", nargs="+", metavar="RUN_ID", help="id of a run")
    explain.set_defaults(run=_explain)
    report = _command(commands, "report", "write a page about runs", _REPORT)
    which = report.add_mutually_exclusive_group(required=True)
    which.add_argument("--stack", metavar="NAME", help="all runs of this Pulumi stack")
    which.add_argument("--runs", nargs="+", metavar="ID", help="these runs")
    report.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="where to write, - for the output"
    )
    report.add_argument("--json", action="store_true", help="write JSON instead of a page")
    report.set_defaults(run=_report)
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    summary: str,
    description: str,
) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=_WHERE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--region", help="the Region of the runs")
    command.add_argument("--profile", help="a profile of ~/.aws/config")
    command.add_argument("--endpoint", help="a URL, or `local` for the emulator in this process")
    return command


if __name__ == "__main__":
    sys.exit(main())
