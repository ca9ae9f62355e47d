"""Every operation against botocore's model: valid inputs, each broken rule, and sheer noise."""

import base64
import json
import re
import string
from urllib.parse import quote, urlencode

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omics_provider.emulator import control
from omics_provider.emulator.protocol.wire import HttpRequest
from omics_provider.emulator.service import OPERATIONS, Service
from omics_provider.emulator.world.store import Store
from tests.emulator.checking import check_answer
from tests.emulator.conftest import ROLE
from tests.emulator.workflows.test_workflows import GOOD, zipped

MODEL = ServiceModel(Loader().load_service_model("omics", "service-2"), "omics")
EMULATED = sorted(OPERATIONS)
QUICK = settings(
    max_examples=20,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
OTHERS = sorted(set(MODEL.operation_names) - set(EMULATED))


class Response:
    """An answer as the checker takes it."""

    def __init__(self, answer):
        self.status_code = answer.status
        self.headers = answer.headers
        self.content = answer.body

    def json(self):
        return json.loads(self.content) if self.content else {}


class Caller:
    """Calls operations with inputs that no client has looked at."""

    def __init__(self):
        self.store = Store(":memory:")
        self.service = Service(self.store, MODEL)

    def keep(self):
        """Remember the state as it is now."""
        with self.store.reading() as connection:
            self.kept = connection.serialize()

    def restore(self):
        """Go back to the state that was kept."""
        with self.store.reading() as connection:
            connection.deserialize(self.kept)

    def send(self, name, params, body=None):
        operation = MODEL.operation_model(name)
        request = built(operation, params, body)
        response = Response(self.service.call(request, "us-east-1").answer)
        check_answer(response, operation)
        return response


def built(operation, params, body=None):
    path, query, members, headers = operation.http["requestUri"], [], {}, {}
    shape = operation.input_shape
    for name, value in params.items():
        member = shape.members[name]
        wire_name = member.serialization.get("name", name)
        location = member.serialization.get("location")
        if location == "uri":
            path = path.replace("{" + wire_name + "}", quote(str(value), safe=""))
        elif location == "querystring":
            items = value if isinstance(value, list) else [value]
            query += [(wire_name, str(item)) for item in items]
        elif location == "header":
            headers[wire_name] = str(value)
        else:
            members[wire_name] = value
    content = json.dumps(members).encode() if body is None else body
    return HttpRequest(operation.http["method"], path, urlencode(query), content, headers)


@pytest.fixture(scope="module")
def known():
    """A caller, and the ids of one thing of each kind that is there."""
    caller = Caller()
    control.change_settings(caller.store, {"speed": 0})
    content = base64.b64encode(zipped(main_wdl=GOOD)).decode()
    workflow = caller.send("CreateWorkflow", {"definitionZip": content, "requestId": "w"}).json()[
        "id"
    ]
    caller.send(
        "CreateWorkflowVersion",
        {"workflowId": workflow, "versionName": "v1", "definitionZip": content, "requestId": "v"},
    )
    group = caller.send("CreateRunGroup", {"requestId": "g"}).json()["id"]
    cache = caller.send(
        "CreateRunCache", {"requestId": "c", "cacheS3Location": "s3://bucket/cache"}
    ).json()["id"]
    caller.send("CreateConfiguration", {"requestId": "c", "name": "net", "runConfigurations": {}})
    run = caller.send(
        "StartRun",
        {
            "workflowId": workflow,
            "roleArn": ROLE,
            "outputUri": "s3://bucket",
            "parameters": {"reads": "x"},
            "requestId": "r",
        },
    ).json()
    batch = caller.send(
        "StartRunBatch",
        {
            "requestId": "b",
            "defaultRunSetting": {
                "workflowId": workflow,
                "roleArn": ROLE,
                "outputUri": "s3://bucket",
            },
            "batchRunSettings": {"inlineSettings": [{"runSettingId": "one"}]},
        },
    ).json()["id"]
    references = caller.send("CreateReferenceStore", {"name": "references"}).json()["id"]
    reference_job = caller.send(
        "StartReferenceImportJob",
        {
            "referenceStoreId": references,
            "roleArn": ROLE,
            "sources": [{"sourceFile": "s3://bucket/hg38.fa", "name": "hg38"}],
        },
    ).json()["id"]
    sequences = caller.send("CreateSequenceStore", {"name": "reads"}).json()["id"]
    reads = {"sourceFiles": {"source1": "s3://bucket/r.fq.gz"}, "sourceFileType": "FASTQ"}
    import_job = caller.send(
        "StartReadSetImportJob",
        {
            "sequenceStoreId": sequences,
            "roleArn": ROLE,
            "sources": [{**reads, "subjectId": "s", "sampleId": "s"}],
        },
    ).json()["id"]
    share = caller.send(
        "CreateShare",
        {
            "resourceArn": f"arn:aws:omics:us-east-1:123456789012:workflow/{workflow}",
            "principalSubscriber": "210987654321",
        },
    ).json()["shareId"]
    control.advance(caller.store, 60)
    reference = caller.send("ListReferences", {"referenceStoreId": references}).json()
    read_set = caller.send("ListReadSets", {"sequenceStoreId": sequences}).json()["readSets"][0]
    activation_job = caller.send(
        "StartReadSetActivationJob",
        {"sequenceStoreId": sequences, "sources": [{"readSetId": read_set["id"]}]},
    ).json()["id"]
    task = caller.send("ListRunTasks", {"id": run["id"]}).json()["items"][0]["taskId"]
    caller.keep()
    caller.ids = {
        "workflowId": workflow,
        "versionName": "v1",
        "workflowVersionName": "v1",
        "runGroupId": group,
        "cacheId": cache,
        "configurationName": "net",
        "runId": run["id"],
        "batchId": batch,
        "taskId": task,
        "referenceStoreId": references,
        "referenceId": reference["references"][0]["id"],
        "referenceImportJobId": reference_job,
        "sequenceStoreId": sequences,
        "readSetId": read_set["id"],
        "readSetImportJobId": import_job,
        "readSetActivationJobId": activation_job,
        "shareId": share,
        "resourceArn": run["arn"],
        "roleArn": ROLE,
        "outputUri": "s3://bucket/out",
        "definitionUri": "s3://bucket/w.zip",
    }
    return caller


def own_id(name, caller):
    """The id of a thing that the operation's member `id` or `name` may mean."""
    for word, kind in (
        ("ReferenceImportJob", "referenceImportJobId"),
        ("ReadSetImportJob", "readSetImportJobId"),
        ("ReadSetActivationJob", "readSetActivationJobId"),
        ("ReferenceStore", "referenceStoreId"),
        ("SequenceStore", "sequenceStoreId"),
        ("Reference", "referenceId"),
        ("ReadSet", "readSetId"),
        ("RunGroup", "runGroupId"),
        ("RunCache", "cacheId"),
        ("Workflow", "workflowId"),
        ("Run", "runId"),
    ):
        if word in name:
            return caller.ids[kind]
    return "1"


def text(shape):
    """Strings that a string shape takes."""
    if shape.enum:
        return st.sampled_from(shape.enum)
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max", 300)
    pattern = shape.metadata.get("pattern")
    if pattern is None:
        return st.text(max_size=min(high, 40), min_size=low)
    if r"\p{" in pattern:
        prefix = pattern.split("[")[0]
        letters = st.characters(categories=("L", "M", "N", "P", "S", "Zs"))
        return st.text(letters, min_size=max(low, 1), max_size=min(high, 40)).map(prefix.__add__)
    if pattern == "[0-9]+":
        return st.text(string.digits, min_size=low, max_size=min(high, 40))
    if pattern in ("arn:.*", "arn:.+"):
        return st.text(min_size=max(low, 1), max_size=40).map("arn:".__add__)
    made = st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True)
    return made.filter(lambda each: low <= len(each) <= high)


def valid(shape, caller, operation, name=""):
    """Inputs that a shape takes; ids are often those of things that are there."""
    if getattr(shape, "is_document_type", False):
        return st.dictionaries(st.sampled_from(["reads", "threads"]), st.integers(0, 9))
    kind = shape.type_name
    if kind == "string":
        there = caller.ids.get(name) or (own_id(operation, caller) if name == "id" else None)
        return text(shape) if there is None else st.just(there) | text(shape)
    if kind in ("integer", "long"):
        low, high = shape.metadata.get("min", 0), shape.metadata.get("max", 10**6)
        return st.integers(low, high)
    if kind == "boolean":
        return st.booleans()
    if kind == "timestamp":
        return st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")
    if kind == "blob":
        return st.binary(max_size=20).map(lambda raw: base64.b64encode(raw).decode())
    if kind == "list":
        low, high = shape.metadata.get("min", 0), min(shape.metadata.get("max", 3), 3)
        return st.lists(
            valid(shape.member, caller, operation), min_size=low, max_size=max(high, low)
        )
    if kind == "map":
        low = shape.metadata.get("min", 0)
        item = valid(shape.value, caller, operation)
        return st.dictionaries(text(shape.key), item, min_size=low, max_size=max(low, 3))
    return valid_members(shape, caller, operation)


def valid_members(shape, caller, operation):
    """Inputs that a structure takes."""
    members = {
        member: valid(each, caller, operation, member) for member, each in shape.members.items()
    }
    for member, each in shape.members.items():
        if each.serialization.get("location") == "uri":
            members[member] = members[member].filter(len)  # a path without it leads elsewhere
    needed = {
        member: members.pop(member) for member in list(members) if member in shape.required_members
    }
    return st.fixed_dictionaries(needed, optional=members)


@pytest.mark.parametrize("operation", EMULATED)
def test_valid_inputs_have_answers_of_the_model(known, operation):
    shape = MODEL.operation_model(operation).input_shape

    @QUICK
    @given(st.data())
    def check_one(data):
        params = data.draw(valid(shape, known, operation))
        known.restore()
        assert known.send(operation, params).status_code < 500

    check_one()


SCALARS = {"string": 5, "integer": "five", "long": "five", "boolean": "maybe", "blob": "%%%"}
SCALARS |= {"timestamp": "soon"}


def example(shape, depth=0):
    """One full input of a shape, all members given."""
    if getattr(shape, "is_document_type", False):
        return {"a": 1}
    kind = shape.type_name
    if kind == "string":
        return string_example(shape)
    if kind in ("integer", "long"):
        return shape.metadata.get("min", 1)
    if kind == "boolean":
        return True
    if kind == "timestamp":
        return "2026-01-01T00:00:00Z"
    if kind == "blob":
        return base64.b64encode(b"zip").decode()
    if kind == "list":
        return [example(shape.member, depth + 1)] * max(shape.metadata.get("min", 1), 1)
    if kind == "map":
        return {string_example(shape.key): example(shape.value, depth + 1)}
    return {name: example(member, depth + 1) for name, member in shape.members.items()}


EXAMPLES = ("1", "abc", "s3://bucket/key", "arn:aws:iam::123456789012:role/x", "sg-0a", "a/b")
EXAMPLES += ("subnet-0a", "123456789012", "arn:aws:secretsmanager:us-east-1:123456789012:secret:x")
EXAMPLES += ("s3://bucket/key/",)


def string_example(shape):
    if shape.enum:
        return shape.enum[0]
    pattern, low = shape.metadata.get("pattern", ""), shape.metadata.get("min", 0)
    for each in EXAMPLES:
        fits = r"\p{" in pattern or not pattern or re.fullmatch(pattern, each)
        if fits and len(each) >= low:
            return each
    raise AssertionError(f"no example for {pattern}")


def broken(shape, path=()):
    """Each way to break a rule inside a shape: where, what to put there, and what it is."""
    if getattr(shape, "is_document_type", False):
        return
    kind, meta = shape.type_name, shape.metadata
    if kind == "structure":
        yield from broken_structure(shape, path)
        return
    yield path, SCALARS.get(kind, 5), "type"
    if kind == "list":
        yield from broken_list(shape, path)
    elif kind == "map":
        key = string_example(shape.key)
        yield from broken(shape.value, (*path, key))
    elif kind in ("integer", "long"):
        if "min" in meta:
            yield path, meta["min"] - 1, "min"
        if "max" in meta:
            yield path, meta["max"] + 1, "max"
    elif shape.type_name == "string":
        yield from broken_string(shape, path)


def broken_structure(shape, path):
    for name, member in shape.members.items():
        if name in shape.required_members:
            yield (*path, name), None, "required"
        yield from broken(member, (*path, name))


def broken_list(shape, path):
    meta = shape.metadata
    if meta.get("min", 0) > 0:
        yield path, [], "min"
    if "max" in meta:
        yield path, [example(shape.member)] * (meta["max"] + 1), "max"
    yield from broken(shape.member, (*path, 0))


def broken_string(shape, path):
    meta = shape.metadata
    if shape.enum:
        yield path, "NO-SUCH-VALUE", "enum"
        return
    if "max" in meta:
        yield path, "1" * (meta["max"] + 1), "max"
    if meta.get("min", 0) > 0:
        yield path, "", "min"
    pattern = meta.get("pattern")
    if pattern:
        bad = "a\x00b" if r"\p{" in pattern else "!"
        yield path, bad, "pattern"


def put(params, path, value):
    """The input with another value at a place; None takes the place away."""
    if not path:
        return value
    copy = list(params) if isinstance(params, list) else dict(params)
    if value is None and len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = put(copy[path[0]], path[1:], value)
    return copy


def sendable(operation, path, value, rule):
    """Whether HTTP can carry the broken input to the operation at all."""
    location = MODEL.operation_model(operation).input_shape.members[path[0]].serialization
    where = location.get("location")
    if where == "uri":
        return rule not in ("required", "type") and value != ""
    if where == "header":
        return rule != "type"
    if where == "querystring":
        return not (rule == "type" and value == 5) and value != []
    return True


BROKEN = [
    pytest.param(operation, path, value, id=f"{operation}-{'.'.join(map(str, path))}-{rule}")
    for operation in EMULATED
    for path, value, rule in broken(MODEL.operation_model(operation).input_shape)
    if sendable(operation, path, value, rule)
]


@pytest.fixture(scope="module")
def fresh():
    return Caller()


# The model has no rule for what they take: the id of a share is any text.
FREE = {"AcceptShare", "DeleteShare", "GetShare"}


@pytest.mark.parametrize("operation", EMULATED)
def test_each_rule_of_the_model_is_enforced(fresh, operation):
    base = example(MODEL.operation_model(operation).input_shape)
    checked = 0
    for case in BROKEN:
        name, path, value = case.values
        if name != operation:
            continue
        response = fresh.send(operation, put(base, path, value))
        message = response.json()["message"]
        assert response.headers["x-amzn-ErrorType"] == "ValidationException", case.id
        assert f"'{path[0]}" in message, (case.id, message)
        checked += 1
    assert checked or not base or operation in FREE


def test_the_rules_that_are_checked_are_many():
    rules = {case.id.rsplit("-", 1)[1] for case in BROKEN}
    assert rules == {"type", "required", "min", "max", "enum", "pattern"}
    assert len(BROKEN) > 700


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(string.ascii_letters, max_size=12), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("operation", EMULATED)
def test_noise_is_never_an_internal_error(known, operation):
    model = MODEL.operation_model(operation)
    names = [
        member.serialization.get("name", name)
        for name, member in model.input_shape.members.items()
        if "location" not in member.serialization
    ]
    document = st.dictionaries(st.sampled_from(names), JSON) if names else JSON
    labels = {
        name: "1"
        for name, member in model.input_shape.members.items()
        if member.serialization.get("location") == "uri"
    }

    @QUICK
    @given(st.binary(max_size=30) | (document | JSON).map(lambda each: json.dumps(each).encode()))
    def check_one(body):
        assert known.send(operation, labels, body).status_code < 500

    check_one()


@pytest.mark.parametrize(
    "value",
    ["NaN", "1e999", '"\\ud800"', "9" * 5000, "[" * 50_000, "[" * 900 + "]" * 900, "1" * 400],
)
@pytest.mark.parametrize("member", ["parameters", "name", "priority"])
def test_odd_json_is_no_internal_error(known, member, value):
    known.restore()
    inputs = {
        "workflowId": known.ids["workflowId"],
        "roleArn": ROLE,
        "outputUri": "s3://bucket",
        "requestId": "odd",
    }
    body = json.dumps(inputs)[:-1] + f', "{member}": {value}}}'
    assert known.send("StartRun", {}, body.encode()).status_code == 400


@pytest.mark.parametrize("operation", OTHERS)
def test_operations_outside_say_that_they_are_not_emulated(fresh, operation):
    shape = MODEL.operation_model(operation).input_shape
    labels = {
        name: "1"
        for name, member in shape.members.items()
        if member.serialization.get("location") == "uri"
    }
    response = fresh.send(operation, labels, b"{}")
    assert response.headers["x-amzn-ErrorType"] == "NotEmulatedException"
    assert operation in response.json()["message"]
