"""One stack, several accounts and Regions: each resource at the place of its own Provider."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from omics_provider.emulator import control
from tests.engine.harness import (
    ACTIVE,
    ENDED,
    FAILED,
    Outcome,
    Stack,
    declaration,
    name_of,
    own_tags,
)
from tests.engine.wait_program import outputs
from tests.served import ACCOUNT, OTHER_ACCOUNT, Served, serving

PROVIDER: Final = "pulumi:providers:pulumi-python"
GROUP: Final = "pulumi-python:dynamic/omics:RunGroup"

#: `providers.json` has the arguments of each Provider, `runs.json` those of each run; "$at" names
#: its Provider, "$get" an id to read. `more.json` says what else there is.
PROGRAM: Final = """\
import json
import pathlib

import pulumi
from pulumi import ResourceOptions
from omics_provider import OmicsRun, OmicsRunGroup, Provider, RunCohort, wait_all


def read(name):
    return json.loads(pathlib.Path(name).read_text())


providers = {name: Provider(name, **given) for name, given in read("providers.json").items()}


def at(given):
    name = given.pop("$at", None)
    return ResourceOptions(provider=providers[name]) if name else None


runs = {}
for name, given in read("runs.json").items():
    opts = at(given)
    if "$get" in given:
        pulumi.export(name, OmicsRun.get(name, given["$get"], opts).arn)
    else:
        runs[name] = OmicsRun(name, **given, opts=opts)
more = read("more.json")
if "cohort" in more:
    inherited = ResourceOptions(providers=[providers[more["cohort"].pop("$at")]])
    runs |= RunCohort("cohort", **more["cohort"], opts=inherited).runs
if "group" in more:
    OmicsRunGroup("group", name="group", opts=at(more["group"]))
if "wait" in more:
    pulumi.export("ended", wait_all(runs, **more["wait"]))
"""


def declare(
    stack: Stack,
    providers: Mapping[str, Mapping[str, Any]],
    runs: Mapping[str, Mapping[str, Any]],
    **more: Any,
) -> None:
    """Take these as the program's declarations."""
    stack.program(PROGRAM)
    for name, declared in (("providers", providers), ("runs", runs), ("more", more)):
        (stack.home / f"{name}.json").write_text(json.dumps(declared))


def providers_of(stack: Stack) -> dict[str, dict[str, Any]]:
    """Give the inputs of the recorded providers, by name."""
    return {name_of(each["urn"]): each.get("inputs", {}) for each in stack.resources(PROVIDER)}


class Accounts:
    """Two accounts in two Regions, each with an emulator of its own behind a server.

    Beside them is the stack's own place, the endpoint `local`. The first runs of all three have
    the same ids.
    """

    def __init__(self, stack: Stack, servers: Mapping[str, Served], keys: Path) -> None:
        self.stack = stack
        self.servers = servers
        self.keys = keys

    #: Region and account of each.
    PLACES: Final = {"lab": ("us-west-2", ACCOUNT), "clinic": ("eu-west-1", OTHER_ACCOUNT)}

    @property
    def providers(self) -> dict[str, dict[str, str]]:
        """The arguments of a Provider for each."""
        return {
            name: {"region": region, "profile": name, "endpoint": self.servers[name].url}
            for name, (region, _) in self.PLACES.items()
        }

    def calls(self, during: Callable[[], Outcome]) -> tuple[Outcome, dict[str, dict[str, int]]]:
        """Give what `during` gave, and how often each operation was called, by place."""
        states = {"stack": str(self.stack.emulator_state)}
        states |= {name: server.state for name, server in self.servers.items()}
        before = {name: len(control.calls(state)) for name, state in states.items()}
        result = during()
        counts: dict[str, dict[str, int]] = {}
        for name, state in states.items():
            for call in control.calls(state)[before[name] :]:
                counted = counts.setdefault(name, {})
                counted[call["operation"]] = counted.get(call["operation"], 0) + 1
        return result, counts

    def client(self, name: str) -> Any:
        """Give a client of an account's emulator, with that account's credentials."""
        import boto3
        from botocore.config import Config

        region, account = self.PLACES[name]
        keys = {key.lower(): value for key, value in self.servers[name].keys_of(account).items()}
        config = Config(inject_host_prefix=False)
        url = self.servers[name].url
        return boto3.client("omics", region_name=region, endpoint_url=url, config=config, **keys)  # type: ignore[call-overload]  # keys are no literal


@pytest.fixture
def accounts(stack: Stack, tmp_path: Path) -> Iterator[Accounts]:
    """Two accounts, with a profile for each in the one file of profiles."""
    with ExitStack() as running:
        servers = {
            name: running.enter_context(serving(tmp_path / f"{name}.db"))
            for name in Accounts.PLACES
        }
        keys = tmp_path / "aws-config"
        with keys.open("w") as file:
            for name, server in servers.items():
                control.change_settings(server.state, {"parameterCheck": "off"})
                file.write(f"[profile {name}]\n")
                for key, value in server.keys_of(Accounts.PLACES[name][1]).items():
                    file.write(f"{key.lower()} = {value}\n")
        stack.environment["AWS_CONFIG_FILE"] = str(keys)
        yield Accounts(stack, servers, keys)


def test_each_run_is_at_the_place_of_its_provider_from_up_to_destroy(
    stack: Stack, accounts: Accounts
) -> None:
    runs = {
        "here": declaration(tags=ENDED),
        "lab": declaration(tags=ENDED, **{"$at": "lab"}),
        "clinic": declaration(tags=FAILED, **{"$at": "clinic"}),
    }
    cohort = {
        "$at": "clinic",
        "samples": [{"sample_name": "S1", "of_no_parameter": "x"}],
        "template": declaration(tags=ENDED, parameters=None),
    }
    wait = {"on_failure": "warn"}
    declare(stack, accounts.providers, runs, cohort=cohort, group={"$at": "lab"}, wait=wait)
    up, calls = accounts.calls(stack.up)

    # Each at its own place, the columns of the inherited Provider's cohort looked up there.
    assert {name: each["StartRun"] for name, each in calls.items()} == {
        "stack": 1, "lab": 1, "clinic": 2,
    }  # fmt: skip
    assert calls["clinic"]["GetWorkflow"] == calls["lab"]["CreateRunGroup"] == 1
    assert not {"GetWorkflow", "CreateRunGroup"} & calls["stack"].keys()
    arns = {name: stack.recorded(name)["outputs"]["arn"] for name in (*runs, "cohort-S1")}
    assert arns["here"].startswith(f"arn:aws:omics:us-east-1:{ACCOUNT}:")
    assert arns["lab"].startswith(f"arn:aws:omics:us-west-2:{ACCOUNT}:")
    assert arns["clinic"].startswith(f"arn:aws:omics:eu-west-1:{OTHER_ACCOUNT}:")
    assert arns["cohort-S1"].startswith(f"arn:aws:omics:eu-west-1:{OTHER_ACCOUNT}:")
    # Their ids are the same: only the place tells them apart.
    assert stack.recorded("here")["id"] == stack.recorded("lab")["id"]
    assert {name: end["status"] for name, end in outputs(stack)["ended"].items()} == {
        "here": "COMPLETED", "lab": "COMPLETED", "clinic": "FAILED", "S1": "COMPLETED",
    }  # fmt: skip
    assert "INPUT_URI_NOT_FOUND" in up.message

    # No credential is anywhere, the names of the profiles are.
    secrets = [line.split(" = ")[1] for line in accounts.keys.read_text().splitlines()[1:]
               if " = " in line]  # fmt: skip
    assert len(secrets) == 6
    for path, text in stack.written().items():
        assert not [value for value in secrets if value in text], path
    assert providers_of(stack)["clinic"]["omics:profile"] == "clinic"

    # After a refresh, each at its own place, nothing is left to ask anywhere.
    stack.refresh()
    assert stack.recorded("clinic")["outputs"]["status"] == "FAILED"
    assert stack.recorded("lab")["outputs"]["status"] == "COMPLETED"
    cohort["parameters"] = ["sample_name"]
    declare(stack, accounts.providers, runs, cohort=cohort, group={"$at": "lab"}, wait=wait)
    preview, calls = accounts.calls(lambda: stack.preview("--expect-no-changes"))
    assert calls == {}
    assert preview.summary == {"same": 9}

    # A change at one place asks nothing of the others. A run of another account is read through
    # its Provider.
    runs["lab"]["tags"] = {**ENDED, "project": "late"}
    runs["clinic"]["rerun"] = 1
    runs["clinic"]["tags"] = ACTIVE
    runs["read"] = {"$get": stack.recorded("cohort-S1")["id"], "$at": "clinic"}
    declare(stack, accounts.providers, runs, cohort=cohort, group={"$at": "lab"})
    _, calls = accounts.calls(stack.up)
    assert calls == {
        "lab": {"GetRun": 1, "TagResource": 1},
        "clinic": {"ListRuns": 1, "StartRun": 1, "GetRun": 2, "DeleteRun": 1},
    }
    live = accounts.client("lab").get_run(id=stack.recorded("lab")["id"])
    assert own_tags(live["tags"]) == runs["lab"]["tags"]
    assert outputs(stack)["read"] == stack.recorded("cohort-S1")["outputs"]["arn"]

    # The active run is ended at its place; nothing is left anywhere.
    (stack.home / "__main__.py").write_text("raise SystemExit('no program is run here')")
    _, calls = accounts.calls(stack.destroy)
    assert calls["clinic"]["CancelRun"] == 1
    assert "CancelRun" not in {*calls["stack"], *calls["lab"]}
    assert stack.statuses() == {}
    assert accounts.client("lab").list_runs()["items"] == []
    assert accounts.client("clinic").list_runs()["items"] == []


def test_a_provider_that_is_given_or_taken_away_starts_nothing(stack: Stack) -> None:
    """Nor does it tell a secret of the configuration."""
    local = {"lab": {"local_state": str(stack.emulator_state)}}
    found = stack.service.start_run(
        workflowId="9500764", workflowType="READY2RUN", roleArn=declaration()["role_arn"],
        outputUri="s3://results/runs", requestId="by hand", parameters={"sample_name": "NA12878"},
        tags=ACTIVE,
    )  # fmt: skip
    place = {name: declaration()[name] for name in ("role_arn", "output_uri")}
    adopted = {"adopt_run_id": found["id"], **place}
    stack.pulumi("config", "set", "--secret", "omics:profile", "profile-unsaid")
    declare(stack, {}, {"run": declaration(), "adopted": adopted})
    stack.up()
    run = stack.recorded("run")

    # The stack's own settings, now by way of a Provider: not even a call.
    at_lab = {"run": declaration(**{"$at": "lab"}), "adopted": {**adopted, "$at": "lab"}}
    declare(stack, local, at_lab)
    _, calls = stack.calls(stack.up)
    assert calls == {}
    assert "profile-unsaid" not in stack.checkpoint
    assert stack.recorded("run")["provider"].split("::")[-2] == "lab"
    assert stack.recorded("run")["id"] == run["id"]

    # And back. What the new process has adopted again, the old one does not end, though it has
    # read the state before, for the run that it starts.
    other = declaration(**{"$at": "lab"})
    declare(stack, local, {"run": declaration(), "adopted": adopted, "other": other})
    replaced = stack.recorded("adopted")["urn"]
    _, calls = stack.calls(lambda: stack.up("--replace", replaced))
    assert calls["StartRun"] == 1
    assert "CancelRun" not in calls
    assert stack.recorded("adopted")["outputs"]["uuid"] == found["uuid"]
    assert stack.statuses()[found["id"]] == stack.statuses()[run["id"]] == "RUNNING"


# Its rules in `make test`: tests/provider/runs/test_run.py, service/test_whereabouts.py.
@pytest.mark.slow
def test_a_run_stays_in_its_region_until_another_is_asked_for(stack: Stack) -> None:
    def declared(region: str, **arguments: Any) -> None:
        declare(stack, {"lab": {"region": region}}, {"run": declaration(**arguments, **at)})

    at = {"$at": "lab"}
    declared("us-east-1")
    stack.up()
    run = stack.recorded("run")

    # Another Region for the Provider: nothing is done, also where only tags are to change.
    declared("eu-west-1", tags=ENDED)
    outcome, calls = stack.calls(lambda: stack.up(expect=None))
    assert "it is in us-east-1, but its provider lab is in eu-west-1" in outcome.message
    assert "Nothing was done" in outcome.message
    assert calls == {}
    assert stack.recorded("run")["id"] == run["id"]

    # Asked for, a new one starts there, and the old one ends where it is.
    declared("eu-west-1", rerun=1)
    _, calls = stack.calls(stack.up)
    assert calls["StartRun"] == calls["CancelRun"] == calls["DeleteRun"] == 1
    arn = stack.recorded("run")["outputs"]["arn"]
    assert arn.startswith("arn:aws:omics:eu-west-1:")
    assert stack.statuses() == {}  # of us-east-1, where the harness looks
    assert providers_of(stack)["lab"]["omics:region"] == "eu-west-1"

    # A Provider that is taken away leaves the run where it is, too.
    declare(stack, {}, {"run": declaration(rerun=1)})
    _, calls = stack.calls(stack.up)
    assert calls == {}
    outcome, calls = stack.calls(lambda: stack.destroy(expect=None))
    assert "started in eu-west-1, the configuration now says us-east-1" in outcome.message
    assert calls == {}
