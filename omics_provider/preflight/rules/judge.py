"""What a look at the service, before anything is started, says of the runs to start.

A look is one thing to look up, such as a workflow or a bucket; its answer is what was found there.
From both follow the problems of a declaration. What was not seen, and what a preview does not know
yet, is never complained about. No reason shows a value of a parameter but a file's URI.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Literal, NamedTuple, TypeVar

from omics_provider.base.identity import account_of
from omics_provider.base.words import some
from omics_provider.runs.rules import table

from . import trust

Inputs = Mapping[str, Any]
_T = TypeVar("_T")


class Kind(Enum):
    """What is looked up; the value is its name in the plural."""

    PLACE = "the caller's account"
    WORKFLOW = "workflows"
    VERSION = "workflow versions"
    RUN = "runs to duplicate"
    GROUP = "run groups"
    CACHE = "run caches"
    CONFIGURATION = "configurations"
    ROLE = "roles"
    BUCKET = "output buckets"
    FILE = "input files"
    QUOTA = "quotas"


#: What HealthOmics itself knows: all that there is at the emulator in the process.
OMICS: Final = frozenset(
    {Kind.WORKFLOW, Kind.VERSION, Kind.RUN, Kind.GROUP, Kind.CACHE, Kind.CONFIGURATION}
)


class Look(NamedTuple):
    """One thing to look up."""

    kind: Kind
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """The thing is there; `facts` are what counts of it, by the API's names."""

    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no such thing."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """The look failed: why, in words that are the same for all looks that failed alike.

    `stops` tells that a start of a run would fail of the same.
    """

    why: str
    stops: bool = False


Answer = Found | Missing | Unseen
Answers = Mapping[Look, Answer]


class Problem(NamedTuple):
    """Something that will keep a run from starting or from ending well.

    `is_absence` tells what something else of the same update may still make.
    """

    property: str
    reason: str
    is_absence: bool = False

    def __str__(self) -> str:
        """Return it with the argument's name in a program."""
        return f"{table.BY_WIRE[self.property].name}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the runs are to start; `is_emulated` where no AWS is behind it."""

    region: str | None
    account: str | None = None
    is_emulated: bool = False


def is_start(inputs: Inputs) -> bool:
    """Tell whether making the declared run is a StartRun, and no adoption."""
    return not isinstance(inputs.get("adoptRunId"), str)


def problems(
    inputs: Inputs,
    answers: Answers,
    place: Place,
    planned: Mapping[str, Any] | None = None,
    named: Mapping[str, str] | None = None,
) -> list[Problem]:
    """Return all that is wrong with one declaration, by what was found.

    `planned` is the parameter template of a workflow that the same update makes or changes; `named`
    are the input files, as `files` gives them, where they are not those of `inputs`.
    """
    if planned is not None:
        fresh = Found({"parameterTemplate": planned})
        of_workflow = _parameters(inputs, "the workflow of this stack", fresh, place)
    else:
        of_workflow = _workflow(inputs, answers, place)
    return [
        *of_workflow,
        *_things(inputs, answers),
        *_role(inputs, answers, place),
        *_bucket(inputs, answers, place),
        *_files(files(inputs) if named is None else named, answers),
    ]


# What to look up -----------------------------------------------------------------------------


def looks(inputs: Inputs) -> list[Look]:
    """Return what has to be looked up for one declaration, its input files apart."""
    found = [workflow_look(inputs), version_look(inputs)]
    found += [_single(inputs, wire, kind) for wire, (kind, _) in _SINGLE.items()]
    bucket = bucket_of(inputs.get("outputUri"))
    found.append(Look(Kind.BUCKET, (bucket,)) if bucket else None)
    found.append(_single(inputs, "roleArn", Kind.ROLE))
    return [look for look in found if look]


def files(inputs: Inputs) -> dict[str, str]:
    """Return the files in S3 that the parameters name: URI -> where it stands in them."""
    found: dict[str, str] = {}
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
        if re.match(r"s3://[^/]+/.", value) and not _PATTERN.search(value):
            yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not _OUTPUT_NAME.search(key.rpartition(".")[2]):
                yield from _uris(item, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _uris(item, f"{path}[{index}]")


# The workflow and its parameters -------------------------------------------------------------


def _workflow(inputs: Inputs, answers: Answers, place: Place) -> Iterator[Problem]:
    look = workflow_look(inputs)
    if look is None:
        return
    answer, what = answers.get(look), f"workflow {look.key[0]}"
    if isinstance(answer, Missing):
        where = f" in {place.region}" if place.region else ""
        reason = f"there is no {look.key[1]} {what}{where}: check the id, workflow_type, the Region"
        yield Problem("workflowId", reason, is_absence=True)
    if not isinstance(answer, Found):
        return
    if (actual := answer.facts.get("type", look.key[1])) != look.key[1]:
        reason = f'{what} is {actual}: set workflow_type to "{actual}"'
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
        reason = f"there is no {what}: `aws omics list-workflow-versions` lists those there are"
        yield Problem("workflowVersionName", reason, is_absence=True)
    elif isinstance(answer, Found):
        yield from _inactive("workflowVersionName", what, answer)
        yield from _parameters(inputs, what, answer, place)


_MEND: Final = {
    "CREATING": "wait until it is ACTIVE",
    "UPDATING": "wait until it is ACTIVE",
    "FAILED": "mend what it says, and make it again",
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


def _role(inputs: Inputs, answers: Answers, place: Place) -> Iterator[Problem]:
    look = _single(inputs, "roleArn", Kind.ROLE)
    if look is None:
        return
    arn = look.key[0]
    reasons: dict[str, str] = {
        "elsewhere": f"{arn} is a role of another account than {place.account}: name one of this",
        "missing": f"there is no role {arn}: create it, or correct the ARN",
        "service": f"{arn} does not trust {trust.SERVICE}: allow it sts:AssumeRole in the role's "
        "trust policy",
        "condition": f"{arn} trusts {trust.SERVICE} for other runs only: let aws:SourceAccount be "
        f"{place.account} and aws:SourceArn match "
        f"arn:aws:omics:{place.region}:{place.account}:run/*",
    }
    state = role_state(arn, answers.get(look), trust.Runs(place.account, place.region))
    if state in reasons:
        yield Problem("roleArn", reasons[state], is_absence=state == "missing")


RoleState = Literal["elsewhere", "missing", "unseen", "unjudged"] | trust.Verdict


def role_state(arn: str, answer: Answer | None, runs: trust.Runs) -> RoleState:
    """Tell how a role stands to the runs that are to take it on; "trusts" is as it should be.

    "elsewhere" is another account: IAM passes a role to a service of its own account only.
    "unjudged" is a trust policy with conditions that can't be judged here.
    """
    owner = account_of(arn)
    if runs.account and owner and owner != runs.account:
        return "elsewhere"
    if isinstance(answer, Missing):
        return "missing"
    if not isinstance(answer, Found):
        return "unseen"
    return trust.verdict(answer.facts.get("trust"), runs) or "unjudged"


def _bucket(inputs: Inputs, answers: Answers, place: Place) -> Iterator[Problem]:
    bucket = bucket_of(inputs.get("outputUri"))
    answer = answers.get(Look(Kind.BUCKET, (bucket,))) if bucket else None
    state = bucket_state(answer, place.region)
    if state == "missing":
        reason = f"there is no bucket {bucket}: create it, or correct the name"
        yield Problem("outputUri", reason, is_absence=True)
    elif state == "elsewhere" and isinstance(answer, Found):
        yield Problem(
            "outputUri",
            f"bucket {bucket} is in {answer.facts['region']}, the run in {place.region}: name a "
            f"bucket of {place.region}",
        )


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
            reason = f"there is nothing at {uri} ({path}): correct it, or put the file there"
            yield Problem("parameters", reason, is_absence=True)
