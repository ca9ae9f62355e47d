"""What a look at the service, before anything is started, says of the runs to start.

A look is one thing to look up, such as a workflow or a bucket; its answer is what was found there.
From both follow the problems of a declaration. What was not seen, and what a preview does not know
yet, is never complained about. No reason shows a value of a parameter but a file's URI.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, TypeVar

from omics_provider.base.identity import account_of, partition_of, partition_of_region
from omics_provider.base.table import Table
from omics_provider.base.words import some
from omics_provider.batches.rules import batch_table
from omics_provider.runs.rules import run_table

from . import trust
from .answers import Answer, Answers, Found, Kind, Look, Missing
from .leftovers import leftovers

Inputs = Mapping[str, Any]
_T = TypeVar("_T")


class Problem(NamedTuple):
    """Something that will keep a run from starting or from ending well.

    `is_absence` tells what something else of the same update may still make.
    """

    property: str
    reason: str
    is_absence: bool = False

    def __str__(self) -> str:
        """Return it with the argument's name in a program of Python."""
        field = run_table.BY_WIRE.get(self.property) or batch_table.TABLE.by_wire[self.property]
        return f"{field.name}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the runs are to start; `is_emulated` where no AWS is behind it."""

    region: str | None
    account: str | None = None
    is_emulated: bool = False


def is_start(inputs: Inputs) -> bool:
    """Tell whether making the declared run is a StartRun, and no adoption."""
    return inputs.get("adoptRunId") is None


def problems(
    inputs: Inputs,
    answers: Answers,
    place: Place,
    planned: Mapping[str, Any] | None = None,
    named: Mapping[str, str] | None = None,
    table: Table = run_table.TABLE,
) -> list[Problem]:
    """Return all that is wrong with one declaration, by what was found.

    `planned` is the parameter template of a workflow that the same update makes or changes; `named`
    are the input files, as `files` gives them, where they are not those of `inputs`. `table` has
    the names of the arguments in the program.
    """
    if not is_start(inputs):
        return list(_adopted(inputs, answers, place))
    if planned is not None:
        fresh = Found({"parameterTemplate": planned})
        of_workflow = _parameters(inputs, "the workflow of this stack", fresh, place)
    else:
        of_workflow = _workflow(inputs, answers, place, table.named("workflowType"))
    return [
        *of_workflow,
        *_things(inputs, answers),
        *_role(inputs, answers, place),
        *_bucket(inputs, answers, place),
        *(Problem("parameters", why) for why in leftovers(inputs.get("parameters"))),
        *_files(files(inputs) if named is None else named, answers),
    ]


# What to look up -----------------------------------------------------------------------------


def looks(inputs: Inputs) -> list[Look]:
    """Return what has to be looked up for one declaration, its input files apart."""
    if not is_start(inputs):
        run = _single(inputs, "adoptRunId", Kind.RUN)
        return [run] if run else []
    found = [workflow_look(inputs), version_look(inputs)]
    found += [_single(inputs, wire, kind) for wire, (kind, _) in _SINGLE.items()]
    found.append(_bucket_look(inputs))
    found.append(_single(inputs, "roleArn", Kind.ROLE))
    return [look for look in found if look]


def files(inputs: Inputs) -> dict[str, str]:
    """Return the files in S3 that the parameters name: URI -> where it stands in them."""
    found: dict[str, str] = {}
    if not is_start(inputs):
        return found
    for path, uri in _uris(inputs.get("parameters"), "parameters"):
        found.setdefault(uri, path)
    return found


def sample(things: Sequence[_T], most: int) -> list[_T]:
    """Return at most `most` of them, from all parts of the list, the first and last too."""
    if len(things) <= most:
        return list(things)
    return [things[round(n * (len(things) - 1) / max(most - 1, 1))] for n in range(most)]


def bucket_of(uri: Any) -> str | None:
    """Return the bucket of an s3:// URI, None for what is none."""
    found = re.match(r"s3://([^/]+)", uri) if isinstance(uri, str) else None
    return found[1] if found else None


_SINGLE: Final = {
    "runId": (Kind.RUN, "run"),
    "runGroupId": (Kind.GROUP, "run group"),
    "cacheId": (Kind.CACHE, "run cache"),
    "configurationName": (Kind.CONFIGURATION, "configuration"),
}
#: A parameter of such a name says where something goes, not where it comes from.
_OUTPUT_NAME: Final = re.compile(
    r"(?i:(?:^|[^a-z0-9])(?:out|publish|result|dest))|(?<=[a-z0-9])(?:Out|Publish|Result|Dest)"
)
#: Patterns of files (Nextflow) are no keys.
_PATTERN: Final = re.compile(r"[*?{}\[\]]")


def _single(inputs: Inputs, wire: str, kind: Kind) -> Look | None:
    value = inputs.get(wire)
    return Look(kind, (value,)) if isinstance(value, str) else None


def _bucket_look(inputs: Inputs) -> Look | None:
    bucket, owner = bucket_of(inputs.get("outputUri")), inputs.get("outputBucketOwnerId")
    key = (bucket, owner) if isinstance(owner, str) else (bucket,)
    return Look(Kind.BUCKET, tuple(filter(None, key))) if bucket else None


def workflow_look(inputs: Inputs) -> Look | None:
    """Return the look at the declared workflow; None where a preview does not know it."""
    key = [inputs.get(w, "") for w in ("workflowId", "workflowType", "workflowOwnerId")]
    if not key[0] or not all(isinstance(each, str) for each in key):
        return None
    return Look(Kind.WORKFLOW, (key[0], key[1] or "PRIVATE", key[2]))


def version_look(inputs: Inputs) -> Look | None:
    """Return the look at the declared version of the workflow; None where there is none."""
    workflow, name = workflow_look(inputs), inputs.get("workflowVersionName")
    if workflow is None or not isinstance(name, str):
        return None
    return Look(Kind.VERSION, (*workflow.key, name))


def _uris(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if (
            re.match(r"s3://[^/]+/.", value)
            and not any(leftovers(value))
            and not _PATTERN.search(value)
        ):
            yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not _OUTPUT_NAME.search(key.rpartition(".")[2]):
                yield from _uris(item, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _uris(item, f"{path}[{index}]")


# The workflow and its parameters -------------------------------------------------------------


def _workflow(inputs: Inputs, answers: Answers, place: Place, type_name: str) -> Iterator[Problem]:
    look = workflow_look(inputs)
    if look is None:
        return
    answer, what = answers.get(look), f"workflow {look.key[0]}"
    if isinstance(answer, Missing):
        where = f" in {place.region}" if place.region else ""
        reason = f"there is no {look.key[1]} {what}{where}: check the id, {type_name}, the Region"
        yield Problem("workflowId", reason, is_absence=True)
    if not isinstance(answer, Found):
        return
    if (actual := answer.facts.get("type", look.key[1])) != look.key[1]:
        reason = f'{what} is {actual}: set {type_name} to "{actual}"'
        yield Problem("workflowType", reason)
    yield from _inactive("workflowId", what, answer)
    version = version_look(inputs)
    if version is not None:
        yield from _version(version, answers.get(version), inputs, place)
    elif "workflowVersionName" not in inputs:
        yield from _parameters(inputs, what, answer, place)


def _version(look: Look, answer: Answer | None, inputs: Inputs, place: Place) -> Iterator[Problem]:
    what = f"version {look.key[3]} of workflow {look.key[0]}"
    if isinstance(answer, Missing):
        reason = f"there is no {what}: `aws omics list-workflow-versions` lists the versions"
        yield Problem("workflowVersionName", reason, is_absence=True)
    elif isinstance(answer, Found):
        yield from _inactive("workflowVersionName", what, answer)
        yield from _parameters(inputs, what, answer, place)


_MEND: Final = {
    "CREATING": "wait until it is ACTIVE",
    "UPDATING": "wait until it is ACTIVE",
    "FAILED": "correct the cause, and create it again",
}


def _inactive(wire: str, what: str, answer: Found) -> Iterator[Problem]:
    status = answer.facts.get("status", "ACTIVE")
    if status != "ACTIVE":
        message = answer.facts.get("statusMessage")
        said = f" ({message.rstrip('.')})" if message else ""
        mend = _MEND.get(status, "name another that is ACTIVE")
        yield Problem(wire, f"{what} is {status}, not ACTIVE{said}: {mend}", is_absence=True)


def _parameters(inputs: Inputs, what: str, answer: Found, place: Place) -> Iterator[Problem]:
    template = answer.facts.get("parameterTemplate")
    given = inputs.get("parameters", {})
    if not template or not isinstance(given, Mapping):
        return
    required = [name for name, entry in template.items() if not entry.get("optional")]
    missing = [name for name in required if name not in given]
    if missing:
        yield Problem("parameters", f"{what} requires {some(missing)} as well: give a value")
    # The emulator's catalogue of READY2RUN workflows may lack optional parameters.
    if place.is_emulated and answer.facts.get("type") == "READY2RUN":
        return
    for name in given:
        if name not in template:
            near = difflib.get_close_matches(name, [n for n in template if n not in given], n=1)
            hint = f"did you mean {near[0]}?" if near else f"it takes {some(sorted(template))}"
            yield Problem("parameters", f"{what} has no parameter {name}: {hint}")


# What is named by one argument ---------------------------------------------------------------


def _things(inputs: Inputs, answers: Answers) -> Iterator[Problem]:
    for wire, (kind, what) in _SINGLE.items():
        look = _single(inputs, wire, kind)
        answer = answers.get(look) if look else None
        if isinstance(answer, Missing):
            reason = f"there is no {what} {inputs[wire]}: check it, and the Region, or leave it out"
            yield Problem(wire, reason, is_absence=True)
        elif isinstance(answer, Found) and kind is not Kind.RUN:
            yield from _inactive(wire, f"{what} {inputs[wire]}", answer)


def _adopted(inputs: Inputs, answers: Answers, place: Place) -> Iterator[Problem]:
    look = _single(inputs, "adoptRunId", Kind.RUN)
    if look and isinstance(answers.get(look), Missing):
        reason = (
            f"there is no run {look.key[0]} in {place.region} to take over: check the id, the "
            "account and the Region with `aws omics list-runs`"
        )
        yield Problem("adoptRunId", reason, is_absence=True)


def _role(inputs: Inputs, answers: Answers, place: Place) -> Iterator[Problem]:
    look = _single(inputs, "roleArn", Kind.ROLE)
    if look is None:
        return
    arn, answer = look.key[0], answers.get(look)
    there = answer.facts.get("arn") if isinstance(answer, Found) else None
    reasons: dict[str, str] = {
        "partition": f"{arn} is of the partition {partition_of(arn)}, and {place.region} is of "
        f"{partition_of_region(place.region or '')}: name a role of that partition",
        "renamed": f"there is no role {arn}; the role of this name is {there}: give that ARN, "
        f"with its path",
        "elsewhere": f"{arn} is not a role of account {place.account}: name a role of this account",
        "missing": f"there is no role {arn}: create it, or correct the ARN",
        "service": f"{arn} does not trust {trust.SERVICE}: allow it sts:AssumeRole in the role's "
        "trust policy",
        "condition": f"{arn} trusts {trust.SERVICE} only for other runs: let aws:SourceAccount be "
        f"{place.account} and aws:SourceArn match "
        f"arn:aws:omics:{place.region}:{place.account}:run/*",
    }
    state = role_state(arn, answer, trust.Runs(place.account, place.region))
    if state in reasons:
        yield Problem("roleArn", reasons[state], is_absence=state == "missing")


RoleState = (
    Literal["partition", "elsewhere", "missing", "renamed", "unseen", "unjudged"] | trust.Verdict
)


def role_state(arn: str, answer: Answer | None, runs: trust.Runs) -> RoleState:
    """Tell how a role stands to the runs that are to take it on; "trusts" is as it should be.

    "elsewhere" is another account: IAM passes a role to a service of its own account only.
    "partition" is another partition. IAM looks a role up by its name without the path: "renamed" is
    the role of that name with another ARN.
    "unjudged" is a trust policy with conditions that can't be judged here.
    """
    owner, partition = account_of(arn), partition_of(arn)
    if runs.region and partition and partition != partition_of_region(runs.region):
        return "partition"
    if runs.account and owner and owner != runs.account:
        return "elsewhere"
    if isinstance(answer, Missing):
        return "missing"
    if not isinstance(answer, Found):
        return "unseen"
    if answer.facts.get("arn", arn) != arn:
        return "renamed"
    return trust.verdict(answer.facts.get("trust"), runs) or "unjudged"


def _bucket(inputs: Inputs, answers: Answers, place: Place) -> Iterator[Problem]:
    look = _bucket_look(inputs)
    if look is None:
        return
    bucket, answer = look.key[0], answers.get(look)
    state = bucket_state(answer, place.region)
    if state == "missing":
        reason = f"there is no bucket {bucket}: create it, or correct the name"
        yield Problem("outputUri", reason, is_absence=True)
    elif state == "elsewhere" and isinstance(answer, Found):
        yield Problem(
            "outputUri",
            f"bucket {bucket} is in {answer.facts['region']}, but the run is in {place.region}: "
            f"name a bucket of {place.region}",
        )
    elif isinstance(answer, Found) and answer.facts.get("owned") is False:
        reason = f"bucket {bucket} does not belong to account {look.key[1]}: correct one of them"
        yield Problem("outputBucketOwnerId", reason)


def bucket_state(
    answer: Answer | None, region: str | None
) -> Literal["missing", "unseen", "elsewhere", "fits"]:
    """Tell how a bucket stands to runs in a Region; "elsewhere" is another Region."""
    if isinstance(answer, Missing):
        return "missing"
    if not isinstance(answer, Found):
        return "unseen"
    there = answer.facts.get("region")
    return "elsewhere" if there and region and there != region else "fits"


def _files(named: Mapping[str, str], answers: Answers) -> Iterator[Problem]:
    for uri, path in named.items():
        if isinstance(answers.get(Look(Kind.FILE, (uri,))), Missing):
            reason = f"there is no file at {uri} ({path}): correct the path, or put the file there"
            yield Problem("parameters", reason, is_absence=True)
