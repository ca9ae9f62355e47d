"""Which program a stack runs, and what each program declares, seen through Pulumi's mocks."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml  # type: ignore[import-untyped]  # comes with pulumi

from stacks import _cohort, _here, _programs, _settings
from tests.programs import mocked

ROOT = Path(__file__).parents[3]
RUN = "pulumi-python:dynamic/omics:Run"
TRIO = ["HG002", "HG003", "HG004"]
ACCOUNT = "111122223333"

# Importing pulumi_aws warns of its own old resources.
pytestmark = pytest.mark.filterwarnings("ignore:.* has been deprecated in favor of")


class Engine(pulumi.runtime.Mocks):
    """An engine that keeps what it is asked for and makes up ids."""

    def __init__(self) -> None:
        self.resources: list[tuple[str, str, dict[str, Any]]] = []
        self.requests: list[Any] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.resources.append((args.typ, args.name, args.inputs))
        made = {"arn": f"arn:aws:made:::{args.name}", "bucket": f"{args.name}-1a2b3c4"}
        return f"{args.name}-id", {**made, **args.inputs}

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        return {
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
            "aws:index/getRegion:getRegion": {"region": "us-east-1"},
        }[args.token]

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        return {name: inputs for typ, name, inputs in self.resources if typ == kind}


class Monitor(pulumi.runtime.mocks.MockMonitor):
    """The door to the engine: keeps what a resource is registered with beside its inputs."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.engine = engine

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        self.engine.requests.append(request)
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


class Waits(list[dict[str, Any]]):
    """Stands for wait_all: every run has ended well. Keeps what it was asked for."""

    def __call__(
        self, runs: Mapping[str, Any], timeout: float | None, *_: Any, **__: Any
    ) -> pulumi.Output[dict[str, Any]]:
        self.append({"runs": list(runs), "timeout": timeout})
        ended = {
            name: run.id.apply(
                lambda id_: {
                    "status": "COMPLETED",
                    "run_output_uri": f"s3://results/{id_}",
                    "outputs": {"ReadQc.reads": 4},
                }
            )
            for name, run in runs.items()
        }
        return pulumi.Output.all(**ended)


def stack_config(stack: str) -> dict[str, str]:
    """The committed config of a stack, as Pulumi hands it to the program."""
    settings = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_text("utf-8"))
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in settings["config"].items()
    }


@pytest.fixture(autouse=True)
def _leave_no_config_behind() -> Iterator[None]:
    yield
    pulumi.runtime.set_all_config({})


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    waits = Waits()
    monkeypatch.setattr(_cohort, "wait_all", waits)
    monkeypatch.setattr("omics_provider.resources.cohort.wait_all", waits)
    return waits


def up(stack: str, config: dict[str, str], program: Callable[[], None]) -> tuple[Engine, Any]:
    """Run a program as an update would; return what was declared and exported."""
    engine = Engine()
    mocked(engine, stack, monitor=Monitor(engine))
    pulumi.runtime.set_all_config(config)
    exported: dict[str, Any] = {}

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def update() -> pulumi.Output[Any]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pulumi, "export", exported.__setitem__)
            program()
        return pulumi.Output.from_input(exported).apply(exported.update)

    update()
    return engine, exported


def test_the_programs_are_the_public_modules() -> None:
    assert _programs.names() == ["dev", "local", "production"]


@pytest.mark.parametrize(
    ("stack", "configured", "module"),
    [
        ("local", None, "stacks.local"),
        ("production", None, "stacks.production"),
        # One program: what differs is in the stacks' files.
        ("dev", None, "stacks.production"),
        ("alice", "local", "stacks.local"),
        ("local", "production", "stacks.production"),
    ],
)
def test_a_stack_runs_the_program_of_its_config_or_name(
    stack: str, configured: str | None, module: str
) -> None:
    main = _programs.program(stack, configured)
    assert (main.__module__, main.__name__) == (module, "main")


@pytest.mark.parametrize(
    ("stack", "configured", "reason"),
    [
        ("alice", None, "the stack is named 'alice'"),
        ("local", "lokal", "omics-runs:program is 'lokal'"),
        ("_cohort", None, "the stack is named '_cohort'"),
        ("local", "os", "omics-runs:program is 'os'"),
    ],
)
def test_an_unknown_program_names_those_there_are(
    stack: str, configured: str | None, reason: str
) -> None:
    with pytest.raises(pulumi.RunError, match="dev, local, production") as error:
        _programs.program(stack, configured)
    assert reason in str(error.value)


def test_no_secret_and_no_real_account_is_in_a_stack_file() -> None:
    for path in sorted((ROOT / "stacks").glob("Pulumi.*.yaml")):
        text = path.read_text("utf-8")
        assert "secure:" not in text
        assert set(re.findall(r"(?<!\d)\d{12}(?!\d)", text)) == {ACCOUNT}


@pytest.fixture(autouse=True)
def _executed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine can do, it can execute runs."""
    monkeypatch.setattr(_here, "problem", lambda: None)


def test_local_starts_one_run_for_each_sample(waits: Waits) -> None:
    engine, exported = up("local", stack_config("local"), _programs.program("local", None))
    runs = engine.of(RUN)
    assert sorted(runs) == TRIO
    assert {name: inputs["name"] for name, inputs in runs.items()} == {name: name for name in TRIO}
    father = runs["HG003"]
    assert father["workflowId"] == "read-qc-id"
    assert father["workflowVersionName"].startswith("sha-")
    assert father["parameters"]["sample_name"] == "HG003"
    assert father["tags"] == {"project": "omics-runs", "stack": "local"}
    assert not [typ for typ, _, _ in engine.resources if typ.startswith("aws:")]
    assert waits == [{"runs": TRIO, "timeout": None}]
    assert exported["runs"]["HG004"] == {
        "id": "HG004-id",
        "status": "COMPLETED",
        "runOutputUri": "s3://results/HG004-id",
    }
    assert exported["outputs"]["HG004"] == {"ReadQc.reads": 4}


def test_local_simulates_runs_where_they_can_t_be_executed_and_says_so(
    waits: Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    monkeypatch.setattr(_here, "problem", lambda: "No tool starts containers here.")
    engine, _ = up("local", stack_config("local"), _programs.program("local", None))
    assert {run["tags"]["emulator:seconds"] for run in engine.of(RUN).values()} == {"5"}
    (line,) = said
    assert "simulated" in line
    assert "No tool starts containers here." in line
    assert [wait["runs"] for wait in waits] == [TRIO]


@pytest.mark.parametrize(
    ("platform", "has_miniwdl", "told"),
    [("darwin", True, "Linux"), ("linux", False, "miniwdl"), ("linux", True, None)],
)
def test_what_keeps_runs_from_being_executed(
    monkeypatch: pytest.MonkeyPatch, platform: str, has_miniwdl: bool, told: str | None
) -> None:
    monkeypatch.undo()  # the fixture's machine, which can do anything
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(_here.wdl, "is_here", lambda: has_miniwdl)
    monkeypatch.setattr(_here.tools, "problem", lambda _: None)
    problem = _here.problem()
    assert problem == told or (told and told in str(problem))


def test_a_sheet_in_another_order_is_the_same_cohort(
    waits: Waits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = stack_config("local")
    program = _programs.program("local", None)
    engine, _ = up("local", config, program)
    header, *rows = (_settings.SHEETS / config["omics-runs:sampleSheet"]).read_text().splitlines()
    (tmp_path / "turned.csv").write_text("\n".join([header, *reversed(rows)]))
    monkeypatch.setattr(_settings, "SHEETS", tmp_path)
    turned, _ = up("local", config | {"omics-runs:sampleSheet": "turned.csv"}, program)
    assert turned.of(RUN) == engine.of(RUN)


Declared = tuple[Engine, Any, Waits]
S3 = "aws:s3/bucket"
NAMES = {name: f"omics-runs-production-{name}" for name in ("results", "runs", "ended-runs")}


def in_account(stack: str, waits: Waits, **changes: Any) -> Declared:
    """Run the program of a stack in an account, with changed settings; None takes one away."""
    config = stack_config(stack) | {
        f"omics-runs:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in changes.items()
    }
    kept = {key: value for key, value in config.items() if value != "null"}
    engine, exported = up(stack, kept, _programs.program(stack, None))
    return engine, exported, waits


@pytest.fixture
def production(waits: Waits) -> Declared:
    return in_account("production", waits)


def one(engine: Engine, kind: str) -> dict[str, Any]:
    """Return the inputs of the only resource of a kind."""
    ((_, inputs),) = engine.of(kind).items()
    return inputs


def test_production_runs_use_all_that_it_makes(production: Declared) -> None:
    engine, exported, waits = production
    runs = engine.of(RUN)
    assert sorted(runs) == [f"ashkenazim-trio-{name}" for name in TRIO]
    for run in runs.values():
        assert run["roleArn"] == f"arn:aws:made:::{NAMES['runs']}"
        assert run["outputUri"] == f"s3://{NAMES['results']}-1a2b3c4/results"
        assert run["workflowId"] == "fastq-qc-id"
        assert run["workflowVersionName"].startswith("sha-")
        assert (run["runGroupId"], run["cacheId"]) == ("runs-id", "fastq-qc-id")
        assert set(run["parameters"]) == {"sample_name", "fastq_pairs", "fastp_image"}
        assert "retentionMode" not in run
    assert waits == [{"runs": TRIO, "timeout": 24 * 3600.0}]
    assert exported["bucket"] == f"{NAMES['results']}-1a2b3c4"
    assert exported["roleArn"] == f"arn:aws:made:::{NAMES['runs']}"
    assert exported["runs"]["HG002"]["status"] == "COMPLETED"
    group = one(engine, "pulumi-python:dynamic/omics:RunGroup")
    assert (group["name"], group["maxRuns"], group["maxCpus"]) == (NAMES["runs"], 50, 2000)
    cache = one(engine, "pulumi-python:dynamic/omics:RunCache")
    assert cache["cacheS3Location"] == f"s3://{NAMES['results']}-1a2b3c4/cache"
    assert cache["cacheBehavior"] == "CACHE_ON_FAILURE"


def test_a_workflow_that_is_there_already_has_no_cache(waits: Waits) -> None:
    engine, _, _ = in_account(
        "production",
        waits,
        workflow=None,
        workflowId="9500764",
        workflowType="READY2RUN",
        workflowParameters=None,
    )
    for run in engine.of(RUN).values():
        assert (run["workflowId"], run["workflowType"]) == ("9500764", "READY2RUN")
        assert not {"cacheId", "workflowVersionName"} & run.keys()
        assert set(run["parameters"]) == {"sample_name", "fastq_pairs"}
    assert not engine.of("pulumi-python:dynamic/omics:Workflow")
    assert not engine.of("pulumi-python:dynamic/omics:RunCache")
    pattern = json.loads(one(engine, "aws:cloudwatch/eventRule:EventRule")["eventPattern"])
    assert pattern["detail"]["workflowId"] == ["9500764"]


def test_two_workflows_are_one_too_many(waits: Waits) -> None:
    with pytest.raises(pulumi.RunError, match="workflow and workflowId are both set"):
        in_account("production", waits, workflowId="9500764")


def test_names_that_can_t_be_stop_before_anything_is_made(waits: Waits) -> None:
    with pytest.raises(pulumi.RunError, match="costCentre 'R&D'"):
        in_account("production", waits, costCentre="R&D")


def test_production_runs_wait_for_the_permissions_the_guards_and_the_log(
    production: Declared,
) -> None:
    runs = [request for request in production[0].requests if request.type == RUN]
    assert len(runs) == len(TRIO)
    for run in runs:
        waited_for = {urn.split("::")[2].rpartition("$")[2] for urn in run.dependencies}
        assert {
            "aws:iam/rolePolicy:RolePolicy",
            "aws:cloudwatch/logGroup:LogGroup",
            f"{S3}PublicAccessBlock:BucketPublicAccessBlock",
            f"{S3}ServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            f"{S3}Policy:BucketPolicy",
        } <= waited_for


def kept(engine: Engine) -> set[str]:
    """Return the types that stay when the stack goes."""
    return {
        request.type.rpartition(":")[2] for request in engine.requests if request.retainOnDelete
    }


def test_destroy_leaves_the_results_the_log_and_the_finished_runs(production: Declared) -> None:
    engine = production[0]
    of_s3 = {request.type for request in engine.requests if request.type.startswith("aws:s3/")}
    assert len(of_s3) == 6
    assert kept(engine) == {each.rpartition(":")[2] for each in of_s3} | {"LogGroup"}
    assert one(engine, f"{S3}:Bucket")["forceDestroy"] is False
    assert {inputs["onDelete"] for inputs in engine.of(RUN).values()} == {"cancel"}


def test_dev_is_small_and_leaves_nothing(waits: Waits) -> None:
    engine, _, _ = in_account("dev", waits)
    assert kept(engine) == set()
    assert one(engine, f"{S3}:Bucket")["forceDestroy"] is True
    assert not engine.of("aws:cloudwatch/logGroup:LogGroup")
    for run in engine.of(RUN).values():
        assert (run["retentionMode"], run["onDelete"]) == ("REMOVE", "delete")
    assert one(engine, "pulumi-python:dynamic/omics:RunGroup")["maxRuns"] == 2
    cache = one(engine, "pulumi-python:dynamic/omics:RunCache")
    assert cache["cacheBehavior"] == "CACHE_ALWAYS"


def test_the_bucket_is_private_and_encrypted(production: Declared) -> None:
    engine = production[0]
    block = one(engine, f"{S3}PublicAccessBlock:BucketPublicAccessBlock")
    assert {key for key, value in block.items() if value is True} == {
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
    }
    encryption = one(
        engine, f"{S3}ServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    )
    assert encryption["rules"] == [
        {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    ]
    policy = json.loads(one(engine, f"{S3}Policy:BucketPolicy")["policy"])
    assert policy["Statement"][0]["Effect"] == "Deny"


def lifecycle(engine: Engine) -> dict[str, dict[str, Any]]:
    """Return the lifecycle rules by id."""
    rules = one(engine, f"{S3}LifecycleConfiguration:BucketLifecycleConfiguration")["rules"]
    assert {rule["status"] for rule in rules} == {"Enabled"}
    return {rule["id"]: rule for rule in rules}


def test_no_lifecycle_rule_deletes_a_result_that_nobody_asked_to_delete(
    production: Declared,
) -> None:
    rules = lifecycle(production[0])
    assert rules["results"]["transitions"] == [{"days": 30, "storageClass": "INTELLIGENT_TIERING"}]
    reached = {id_: rule["filter"]["prefix"] for id_, rule in rules.items() if "expiration" in rule}
    assert reached == {"cache": "cache/"}
    # A cache has to be readable at once, so that nothing of it may be archived.
    assert "transitions" not in rules["cache"]
    assert rules["unfinished-uploads"]["abortIncompleteMultipartUpload"] == {
        "daysAfterInitiation": 7
    }


def test_results_expire_where_days_are_set(waits: Waits) -> None:
    rules = lifecycle(in_account("dev", waits)[0])
    assert rules["results"]["expiration"] == {"days": 14}
    assert rules["cache"]["expiration"] == {"days": 7}
    assert "transitions" not in rules["results"]


def test_ended_runs_of_the_workflow_are_told(waits: Waits) -> None:
    engine, exported, _ = in_account("production", waits, notify=["lab@example.org"])
    rule = json.loads(one(engine, "aws:cloudwatch/eventRule:EventRule")["eventPattern"])
    assert rule == {
        "source": ["aws.omics"],
        "detail-type": ["Run Status Change"],
        "detail": {
            "status": ["COMPLETED", "FAILED", "CANCELLED"],
            "workflowId": ["fastq-qc-id"],
        },
    }
    topic = f"arn:aws:made:::{NAMES['ended-runs']}"
    assert exported["topicArn"] == topic
    assert one(engine, "aws:cloudwatch/eventTarget:EventTarget")["arn"] == topic
    subscription = one(engine, "aws:sns/topicSubscription:TopicSubscription")
    assert (subscription["protocol"], subscription["endpoint"]) == ("email", "lab@example.org")


def test_the_role_reads_the_sheets_folder_and_the_shared_ones(waits: Waits) -> None:
    engine, _, _ = in_account("production", waits, sharedInputs=["s3://omics-us-east-1/"])
    role = one(engine, "aws:iam/role:Role")
    (trust,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    policy = json.loads(one(engine, "aws:iam/rolePolicy:RolePolicy")["policy"])
    granted = {statement["Sid"]: statement["Resource"] for statement in policy["Statement"]}
    assert granted["ReadInputs"] == [
        "arn:aws:s3:::genomics-benchmark-datasets/google-brain/fastq/novaseq/wgs_pcr_free/30x/*",
        "arn:aws:s3:::omics-us-east-1/*",
    ]
    assert granted["WriteResults"] == [
        f"arn:aws:s3:::{NAMES['results']}-1a2b3c4/results/*",
        f"arn:aws:s3:::{NAMES['results']}-1a2b3c4/cache/*",
    ]
    assert granted["PullImages"] == ["arn:aws:ecr:us-east-1:111122223333:repository/fastp"]


def test_everything_that_can_be_tagged_is(production: Declared) -> None:
    engine = production[0]
    shared = {
        "project": "omics-runs",
        "stack": "production",
        "cohort": "ashkenazim-trio",
        "cost-centre": "genomics",
    }
    tagged = {
        f"{typ.rpartition(':')[2]} {name}": inputs["tags"]
        for typ, name, inputs in engine.resources
        if "tags" in inputs
    }
    runs = {f"Run ashkenazim-trio-{name}": {**shared, "sample": name} for name in TRIO}
    # One log group serves all cohorts of the account.
    log = {key: value for key, value in shared.items() if key != "cohort"}
    assert tagged == {
        f"Bucket {NAMES['results']}": shared,
        f"Role {NAMES['runs']}": shared,
        f"Topic {NAMES['ended-runs']}": shared,
        f"EventRule {NAMES['ended-runs']}": shared,
        "LogGroup workflow-log": log,
        "Workflow fastq-qc": shared,
        "RunCache fastq-qc": shared,
        "RunGroup runs": shared,
        **runs,
    }
