"""`python -m omics_provider`: explain failed runs, report on runs, previews, drift, set-up."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from omics_provider.base.errors import OmicsError, SettingsError
from omics_provider.base.settings import Settings, from_config

if TYPE_CHECKING:
    from omics_provider.commands.drift.data import Report as Drift
    from omics_provider.commands.preview.rules.plan import Plan

_WHERE: Final = """\
Region, profile and endpoint come from the options, else from the environment as everywhere with
AWS (AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL).
"""
_CODES: Final = """\
Ends with 0, with 1 where a run could not be read, with 2 where the command is not understood.
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
_PREVIEW: Final = """\
Say what an update would do to runs, why, and what it costs: for a pull request, a terminal or a
program. FILE holds what `pulumi preview --json` wrote, - is standard input; without it the preview
is run. Options not given come from the configuration in the preview. Looks up how runs that end are
now, and what past runs took and cost; it changes nothing.
"""
_PREVIEW_CODES: Final = """\
Ends with 0, with 1 where the preview failed or could not be read, with 2 where the command or the
policy is not understood, with 3 where the update would break a rule of the policy.
"""
_DRIFT: Final = """\
Say what differs between a stack's state and the service: runs that ended, failed or are gone since,
tags changed by hand, starts in doubt, and runs with the stack's mark that are in no state. It only
reads. --fix records what happened (`pulumi refresh` of these runs alone) and puts declared tags
back; it never starts, cancels or deletes anything. Options not given come from the stack's
configuration.
"""
_DRIFT_CODES: Final = """\
Ends with 0 where there is no drift or all of it was fixed, with 2 where the command is not
understood, with 4 where there is drift, else with 1 where something could not be read or fixed.
"""
_DOCTOR: Final = """\
Look at what runs need: engine, packages, state backend, credentials, Region, rights, quotas. Each
line is ok, a warning, or wrong, with the way out. It only reads: what only a change would show, it
names. Options not given come from the file of --stack.
"""
_DOCTOR_CODES: Final = """\
Ends with 0, with 1 where something is wrong, with 2 where the command is not understood.
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
    from omics_provider.explain.gather import explain_ids

    explained = explain_ids(_settings(options, {}), options.runs)
    sys.stdout.write(explained.text + "\n")
    return 1 if explained.missing else 0


def _report(options: argparse.Namespace) -> int:
    from omics_provider.commands.report import data, gather

    from .engine import cli as stack

    if not options.json and not _has_jinja():
        sys.stderr.write(_NO_JINJA)
        return 1
    config: dict[str, str] = {}
    title = "HealthOmics runs"
    wanted = [gather.Wanted(each) for each in dict.fromkeys(options.runs or ())]
    if options.stack:
        title, config = f"Stack {options.stack}", stack.config(options.stack)
        wanted = stack.runs_of(stack.state(options.stack))
    made = gather.gathered(_settings(options, config), wanted, title, datetime.now(UTC))
    if options.json:
        text = json.dumps(data.document(made), indent=2) + "\n"
    else:
        from omics_provider.commands.report import page

        text = page.rendered(made)
    _write(options.output, text)
    return 1 if any(run.status in ("DELETED", "UNKNOWN") for run in made.runs) else 0


def _preview(options: argparse.Namespace) -> int:
    from omics_provider.commands.preview import policy as guard

    try:
        policy = guard.policy(options.policy, {name: getattr(options, name) for name in _RULES})
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    from omics_provider.commands.preview import command as preview_written
    from omics_provider.commands.preview.prices import price_list
    from omics_provider.commands.preview.rules import plan as preview
    from omics_provider.commands.preview.source import digest

    plan = preview.parse(digest(options.file, options.stack))
    report = preview_written.gathered(
        plan,
        None if options.offline else _settings(options, dict(plan.config)),
        price_list(options.prices),
        datetime.now(UTC),
    )
    broken = None if policy.is_empty else guard.breaches(report.figures, policy)
    found = _found_drift(options, plan) if options.drift else None
    _write(options.output, preview_written.written(report, broken, options.format, found))
    if report.errors:
        return 1
    return _BROKEN if broken else 0


_RULES: Final = ("max_cost", "max_runs", "no_cancel_running", "allow_unknown_cost")
_BROKEN: Final = 3


def _found_drift(options: argparse.Namespace, plan: Plan) -> Drift:
    """Return the drift of the stack that a preview is of."""
    from omics_provider.commands.drift import command as drift_written

    asked = drift_written.Asked(options.orphans)
    stack = options.stack or plan.stack or None
    return drift_written.gathered(stack, _settings(options, dict(plan.config)), asked)


def _drift(options: argparse.Namespace) -> int:
    from omics_provider.commands.drift import command as drift_written

    from .engine import cli as stack

    settings = _settings(options, stack.config(options.stack))
    asked = drift_written.Asked(options.orphans, options.all_tags, options.fix)
    report = drift_written.gathered(options.stack, settings, asked)
    _write(options.output, drift_written.written(report, options.format))
    if report.left:
        return _DRIFTED
    return 1 if report.unread or report.problems else 0


_DRIFTED: Final = 4


def _doctor(options: argparse.Namespace) -> int:
    from omics_provider.commands.doctor import command as doctor
    from omics_provider.commands.doctor import machine
    from omics_provider.commands.doctor.account import Wanted
    from omics_provider.commands.doctor.rules.judge import exit_code

    config: dict[str, str] = {}
    if options.stack:
        config = machine.project(Path.cwd()).config(options.stack)
    settings = _settings(options, config)
    named = options.region or config.get("omics:region") or config.get("aws:region")
    unread = "AWS_REGION" if settings.region and not named else None
    wanted = Wanted(bucket=options.bucket, role=options.role, region_from=unread)
    lines = list(doctor.examine(settings, wanted, options.stack))
    sys.stdout.write(doctor.written(lines, as_json=options.json))
    return exit_code(lines)


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
        description="AWS HealthOmics runs: why they failed, what they are at, what an update does.",
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
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="where to write, - for standard output",
    )
    report.add_argument("--json", action="store_true", help="write JSON instead of a page")
    report.set_defaults(run=_report)
    preview = _command(commands, "preview", "say what an update would do", _PREVIEW, _PREVIEW_CODES)
    _preview_options(preview)
    preview.set_defaults(run=_preview)
    drift = _command(commands, "drift", "say what a stack's state misses", _DRIFT, _DRIFT_CODES)
    _drift_options(drift)
    drift.set_defaults(run=_drift)
    doctor = _command(
        commands, "doctor", "say what is wrong with the set-up", _DOCTOR, _DOCTOR_CODES
    )
    _doctor_options(doctor)
    doctor.set_defaults(run=_doctor)
    return parser


def _doctor_options(doctor: argparse.ArgumentParser) -> None:
    add = doctor.add_argument
    add("--stack", metavar="NAME", help="take the configuration of this stack")
    add("--bucket", metavar="NAME", help="look at this bucket too, where results are to go")
    add("--role", metavar="ARN", help="look at this role too, which runs are to take on")
    add("--json", action="store_true", help="write JSON instead of text")


def _preview_options(preview: argparse.ArgumentParser) -> None:
    add = preview.add_argument
    add(
        "file",
        nargs="?",
        metavar="FILE",
        help="output of `pulumi preview --json`; - is standard input",
    )
    add("--stack", metavar="NAME", help="the stack to run the preview of, without FILE")
    _writing_options(preview)
    add("--offline", action="store_true", help="look nothing up: states as recorded, listed prices")
    add("--prices", metavar="FILE", help="a price list of your own, JSON, over that of the package")
    add("--drift", action="store_true", help="add what has drifted, as the command drift tells it")
    _orphans_option(preview)
    rules = preview.add_argument_group("policy")
    rule = rules.add_argument
    rule("--policy", metavar="FILE", help="YAML with the rules below, such as max_cost: 40")
    rule("--max-cost", type=float, metavar="USD", help="the most that all new runs may cost")
    rule("--max-runs", type=int, metavar="N", help="the most runs that may start")
    rule("--no-cancel-running", action="store_true", help="no active run may be cancelled")
    rule("--allow-unknown-cost", action="store_true", help="let runs of unknown cost pass")


def _drift_options(drift: argparse.ArgumentParser) -> None:
    add = drift.add_argument
    add("--stack", metavar="NAME", help="the stack; the selected one if unset")
    _writing_options(drift)
    _orphans_option(drift)
    add("--all-tags", action="store_true", help="ask for each run, so that all tags are seen")
    add("--fix", action="store_true", help="record what happened, and put declared tags back")


def _writing_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--format", choices=("markdown", "text", "json"), default="markdown", help="what to write")
    add(
        "-o",
        "--output",
        default="-",
        metavar="FILE",
        help="where to write; standard output if unset",
    )


def _orphans_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--orphans",
        type=_count,
        default=200,
        metavar="N",
        help="ask N runs that the state does not know for the stack's mark; 200 if unset, 0 is off",
    )


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    summary: str,
    description: str,
    codes: str = _CODES,
) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=f"{_WHERE}{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--region", help="the Region of the runs")
    command.add_argument("--profile", help="a profile of ~/.aws/config")
    command.add_argument("--endpoint", help="a URL, or `local` for the emulator in this process")
    return command


if __name__ == "__main__":
    sys.exit(main())
