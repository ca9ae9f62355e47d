"""Which program a stack runs, and what each program declares, seen through Pulumi's mocks."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml  # type: ignore[import-untyped]  # comes with pulumi

from stacks import _cohort, _programs

ROOT = Path(__file__).parents[2]
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

    def __call__(self, runs: Mapping[str, Any], **asked: Any) -> pulumi.Output[dict[str, Any]]:
        self.append({"runs": list(runs), **asked})
        ended = {
            name: run.id.apply(
                lambda id_: {"status": "COMPLETED", "run_output_uri": f"s3://results/{id_}"}
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
    return waits


def up(stack: str, config: dict[str, str], program: Callable[[], None]) -> tuple[Engine, Any]:
    """Run a program as an update would; return what was declared and exported."""
    engine = Engine()
    pulumi.runtime.set_mocks(
        engine, project="omics-runs", stack=stack, preview=False, monitor=Monitor(engine)
    )
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
    assert _programs.names() == ["local", "production"]


@pytest.mark.parametrize(
    ("stack", "configured", "module"),
    [
        ("local", None, "stacks.local"),
        ("production", None, "stacks.production"),
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
    with pytest.raises(pulumi.RunError, match="local, production") as error:
        _programs.program(stack, configured)
    assert reason in str(error.value)


def test_no_secret_and_no_real_account_is_in_a_stack_file() -> None:
    for path in sorted((ROOT / "stacks").glob("Pulumi.*.yaml")):
        text = path.read_text("utf-8")
        assert "secure:" not in text
        assert set(re.findall(r"(?<!\d)\d{12}(?!\d)", text)) == {ACCOUNT}


def test_local_starts_one_run_for_each_sample(waits: Waits) -> None:
    engine, exported = up("local", stack_config("local"), _programs.program("local", None))
    runs = engine.of(RUN)
    assert sorted(runs) == TRIO
    assert {name: inputs["name"] for name, inputs in runs.items()} == {name: name for name in TRIO}
    father = runs["HG003"]
    assert (father["workflowId"], father["workflowType"]) == ("9500764", "READY2RUN")
    assert father["parameters"]["sample_name"] == "HG003"
    assert father["tags"] == {"project": "omics-runs", "stack": "local"}
    assert not [typ for typ, _, _ in engine.resources if typ.startswith("aws:")]
    assert waits == [{"runs": TRIO, "timeout": None}]
    assert exported["runs"]["HG004"] == {
        "id": "HG004-id",
        "status": "COMPLETED",
        "runOutputUri": "s3://results/HG004-id",
    }


def test_a_sheet_in_another_order_is_the_same_cohort(
    waits: Waits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = stack_config("local")
    program = _programs.program("local", None)
    engine, _ = up("local", config, program)
    header, *rows = (_cohort.SHEETS / config["omics-runs:sampleSheet"]).read_text().splitlines()
    (tmp_path / "turned.csv").write_text("\n".join([header, *reversed(rows)]))
    monkeypatch.setattr(_cohort, "SHEETS", tmp_path)
    turned, _ = up("local", config | {"omics-runs:sampleSheet": "turned.csv"}, program)
    assert turned.of(RUN) == engine.of(RUN)


@pytest.fixture
def production(waits: Waits) -> tuple[Engine, Any, Waits]:
    engine, exported = up(
        "production", stack_config("production"), _programs.program("production", None)
    )
    return engine, exported, waits


def test_production_runs_use_the_role_and_bucket_that_it_makes(
    production: tuple[Engine, Any, Waits],
) -> None:
    engine, exported, waits = production
    runs = engine.of(RUN)
    assert sorted(runs) == TRIO
    assert {inputs["roleArn"] for inputs in runs.values()} == {"arn:aws:made:::runs"}
    assert {inputs["outputUri"] for inputs in runs.values()} == {"s3://results-1a2b3c4/results"}
    assert waits == [{"runs": TRIO, "timeout": 24 * 3600.0}]
    assert exported["bucket"] == "results-1a2b3c4"
    assert exported["roleArn"] == "arn:aws:made:::runs"


def test_production_runs_wait_for_the_permissions_and_the_guards(
    production: tuple[Engine, Any, Waits],
) -> None:
    runs = [request for request in production[0].requests if request.type == RUN]
    assert len(runs) == len(TRIO)
    for run in runs:
        waited_for = {urn.split("::")[2].rpartition("$")[2] for urn in run.dependencies}
        assert {
            "aws:iam/rolePolicy:RolePolicy",
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            "aws:s3/bucketServerSideEncryptionConfiguration"
            ":BucketServerSideEncryptionConfiguration",
            "aws:s3/bucketPolicy:BucketPolicy",
        } <= waited_for


def test_destroy_leaves_the_results_and_the_finished_runs(
    production: tuple[Engine, Any, Waits],
) -> None:
    kept = {
        request.type: request.retainOnDelete
        for request in production[0].requests
        if request.type.startswith("aws:s3/")
    }
    assert len(kept) == 6
    assert all(kept.values())
    runs = production[0].of(RUN)
    assert {inputs["onDelete"] for inputs in runs.values()} == {"cancel"}


def test_the_bucket_is_private_and_encrypted(production: tuple[Engine, Any, Waits]) -> None:
    engine = production[0]
    block = engine.of("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")["results"]
    assert {key for key, value in block.items() if value is True} == {
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
    }
    encryption = engine.of(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    )["results"]
    assert encryption["rules"] == [
        {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    ]
    policy = json.loads(engine.of("aws:s3/bucketPolicy:BucketPolicy")["results"]["policy"])
    assert policy["Statement"][0]["Effect"] == "Deny"


def test_no_lifecycle_rule_deletes_a_result(production: tuple[Engine, Any, Waits]) -> None:
    lifecycle = production[0].of(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    )["results"]
    assert len(lifecycle["rules"]) == 2
    for rule in lifecycle["rules"]:
        assert rule["status"] == "Enabled"
        assert "expiration" not in rule


def test_the_role_reads_the_sheets_folder_and_the_shared_ones(
    production: tuple[Engine, Any, Waits],
) -> None:
    engine = production[0]
    role = engine.of("aws:iam/role:Role")["runs"]
    (trust,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    policy = json.loads(engine.of("aws:iam/rolePolicy:RolePolicy")["runs"]["policy"])
    granted = {statement["Sid"]: statement["Resource"] for statement in policy["Statement"]}
    assert granted["ReadInputs"] == [
        "arn:aws:s3:::genomics-benchmark-datasets/google-brain/fastq/novaseq/wgs_pcr_free/30x/*",
        "arn:aws:s3:::omics-us-east-1/*",
    ]
    assert granted["WriteResults"] == ["arn:aws:s3:::results-1a2b3c4/results/*"]
    assert "PullImages" not in granted
