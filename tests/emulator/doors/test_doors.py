import http.client
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import boto3
import moto
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError
from moto.server import ThreadedMotoServer

from omics_provider.emulator import control, install
from omics_provider.emulator.doors.local import attach
from tests.emulator.conftest import KEYS, World
from tests.served import serving


def get(url):
    with urllib.request.urlopen(url) as response:
        return json.load(response)


@pytest.fixture
def served(server):
    urllib.request.urlopen(urllib.request.Request(server.url + "/_omics/reset", b"{}")).close()
    return server


def post(server, path, document):
    request = urllib.request.Request(server.url + path, json.dumps(document).encode())
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def test_the_local_door_is_light():
    code = (
        "import sys, boto3; before = set(sys.modules);"
        "import omics_provider.emulator.doors.local;"
        "print(sorted(m for m in sys.modules if m.split('.')[0] in {'moto', 'werkzeug', 'flask'}))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert out.stdout.strip() == "[]"


def test_the_local_door_needs_no_credentials_and_opens_no_socket(tmp_path, monkeypatch):
    def no_socket(*_args, **_kwargs):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", no_socket)
    client = boto3.client("omics", region_name="eu-west-2")
    attach(client, tmp_path / "state.db")
    arn = client.create_workflow(definitionUri="s3://bucket/w.zip")["arn"]
    assert arn.startswith("arn:aws:omics:eu-west-2:123456789012:workflow/")


def test_only_the_attached_client_is_answered(tmp_path):
    attached = boto3.client("omics", region_name="us-east-1")
    attach(attached, tmp_path / "state.db")
    other = boto3.client(
        "omics", region_name="us-east-1", endpoint_url="http://127.0.0.1:9", **KEYS
    )
    attached.list_runs()
    with pytest.raises(Exception, match=r"127\.0\.0\.1:9"):
        other.list_runs()


def test_the_doors_lead_to_one_service(served):
    outside = boto3.client("omics", region_name="us-east-1")
    attach(outside, served.state)
    outside.create_workflow(name="w", definitionUri="s3://bucket/w.zip")
    assert get(served.url + "/_omics/calls")[0]["operation"] == "CreateWorkflow"


def test_control_over_http(served):
    planned = post(served, "/_omics/faults", [{"operation": "GetRun", "fault": "throttle"}])
    assert planned == get(served.url + "/_omics/faults")
    assert post(served, "/_omics/settings", {"speed": 0})["speed"] == 0
    assert get(served.url + "/_omics/settings")["speed"] == 0
    before = post(served, "/_omics/advance", {"seconds": 0})["now"]
    assert post(served, "/_omics/advance", {"seconds": 5})["now"] == before + 5
    assert get(served.url + "/_omics/calls") == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/_omics/faults", b"{}", 400),
        ("/_omics/faults", b"nonsense", 400),
        ("/_omics/faults", b"\xff", 400),
        ("/_omics/faults", b'[{"operation": "StartRunn", "fault": "throttle"}]', 400),
        ("/_omics/faults", b'[{"operation": "x"}]', 400),
        ("/_omics/settings", b'{"x": 1}', 400),
        ("/_omics/settings", b"[]", 400),
        ("/_omics/advance", b'{"seconds": -1}', 400),
        ("/_omics/advance", b"[]", 400),
        ("/_omics/advance", b'{"seconds": true}', 400),
        ("/_omics/advance", b'{"seconds": 1e15}', 400),
        ("/_omics/advance", b'{"seconds": Infinity}', 400),
        ("/_omics/nothing", b"", 404),
    ],
)
def test_bad_control_requests_say_why(served, path, body, status):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(served.url + path, body))
    assert caught.value.code == status
    assert json.load(caught.value)["message"]


@pytest.mark.parametrize("after", ["-1", "%C2%B2", "9" * 30])
def test_calls_are_given_after_a_number(served, after):
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(f"{served.url}/_omics/calls?after={after}")
    assert caught.value.code == 400


@pytest.mark.parametrize("length", ["many", "-1"])
def test_a_length_that_is_none_is_an_error_of_the_caller(served, length):
    asked = http.client.HTTPConnection(served.url.removeprefix("http://"), timeout=60)
    asked.request("POST", "/_omics/settings", headers={"Content-Length": length})
    assert asked.getresponse().status == 400
    asked.close()


def test_a_client_of_boto3_can_leave_out_the_prefix_of_the_host_by_itself(served, monkeypatch):
    # With the prefix there is no such host: workflows-127.0.0.1.
    monkeypatch.delenv("AWS_DISABLE_HOST_PREFIX_INJECTION", raising=False)
    config = Config(inject_host_prefix=False)
    options = {"region_name": "us-east-1", "endpoint_url": served.url, **KEYS}
    assert boto3.client("omics", config=config, **options).list_runs()["items"] == []


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:{}", 200), ("omics.localhost:{}", 200), ("[::1]:{}", 200), ("evil.example", 403)],
)
def test_control_is_for_names_of_this_machine(served, host, status):
    """A page of a name that was rebound to 127.0.0.1 is of one origin with the server."""
    place = served.url.removeprefix("http://")
    asked = http.client.HTTPConnection(place, timeout=60)
    asked.request("GET", "/_omics/calls", headers={"Host": host.format(place.split(":")[1])})
    assert asked.getresponse().status == status
    asked.close()


def test_the_server_listens_on_loopback_is_quick_and_ends_quietly(tmp_path):
    began = time.monotonic()
    with serving(tmp_path / "state.db") as server:
        took = time.monotonic() - began
        assert server.url.startswith("http://127.0.0.1:")
        assert took < 30  # a second and less where nothing else runs: bench/emulator.py
    assert server.child.process.returncode == 0


def test_a_client_that_asks_before_it_sends_a_body_may_go_on(server):
    # As botocore does for every object of S3; without an answer it waits a second each time.
    place = server.url.removeprefix("http://")
    host, port = place.split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        head = f"PUT /a-bucket HTTP/1.1\r\nHost: {place}\r\nContent-Length: 2\r\n"
        connection.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert connection.recv(1000).startswith(b"HTTP/1.1 ")


def test_settings_and_faults_come_from_files(tmp_path):
    (tmp_path / "settings.json").write_text('{"requestId": "conflict"}')
    (tmp_path / "faults.json").write_text('[{"operation": "GetRun", "fault": "denied"}]')
    files = ["--settings", str(tmp_path / "settings.json")]
    files += ["--faults", str(tmp_path / "faults.json")]
    with serving(tmp_path / "state.db", *files) as server:
        assert get(server.url + "/_omics/settings")["requestId"] == "conflict"
        assert get(server.url + "/_omics/faults")[0]["fault"] == "denied"


@pytest.mark.parametrize(
    ("option", "content", "word"),
    [
        ("--faults", "{", "wrong.file"),
        ("--faults", '[{"operation": "GetRun", "fault": "gremlins"}]', "gremlins"),
        ("--settings", '{"sped": 1}', "sped"),
        ("--settings", None, "wrong.file"),
        ("--state", "no database" * 100, "not a database"),
    ],
)
def test_what_keeps_it_from_starting_is_told_in_a_line(tmp_path, option, content, word):
    if content is not None:
        (tmp_path / "wrong.file").write_text(content)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "omics_provider.emulator", "--port", "0"),
            *("--state", str(tmp_path / "state.db"), option, str(tmp_path / "wrong.file")),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert word in done.stderr
    assert done.stderr.count("\n") == 1


def test_help_names_the_control(capsys):
    out = subprocess.run(
        [sys.executable, "-m", "omics_provider.emulator", "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    for word in ("/_omics/faults", "/_omics/calls", "/_omics/settings", "emulator:seconds"):
        assert word in out


def test_a_mock_starts_empty_and_leaves_nothing():
    store = install()
    for _ in range(2):
        with moto.mock_aws():
            client = boto3.client("omics", region_name="us-east-1")
            assert client.list_workflows()["items"] == []
            client.create_workflow(definitionUri="s3://bucket/w.zip")
            control.change_settings(store, {"speed": 7})
    assert control.current_settings(store)["speed"] == 1


def test_moto_s_own_server_knows_omics_too():
    store = install()
    control.reset(store)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    world = World("server", store, "http://{}:{}".format(*server.get_host_and_port()))
    omics = world.client(region="eu-west-1")
    arn = omics.create_workflow(definitionUri="s3://bucket/w.zip")["arn"]
    omics.tag_resource(resourceArn=arn, tags={"a": "b"})
    assert omics.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "b"}
    world.faults({"operation": "*", "fault": "cut-before"})
    with pytest.raises(ConnectionClosedError):
        omics.list_runs()
    assert omics.list_runs()["items"] == []
    server.stop()


def test_moto_services_stand_beside(moto_world):
    s3 = moto_world.other("s3")
    s3.create_bucket(Bucket="bucket-one")
    s3.put_object(Bucket="bucket-one", Key="a/b", Body=b"hello")
    assert s3.get_object(Bucket="bucket-one", Key="a/b")["Body"].read() == b"hello"
    assert moto_world.other("sts").get_caller_identity()["Account"] == "123456789012"
    assert moto_world.other("logs").describe_log_groups()["logGroups"] == []
    assert moto_world.other("iam").list_roles()["Roles"] == []
    assert moto_world.client().list_runs()["items"] == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("POST", "/run/1/nothing", 404), ("PUT", "/run", 404)],
)
def test_unknown_paths_are_no_operations(server, method, path, status):
    request = urllib.request.Request(server.url + path, method=method)
    request.add_header("Host", "workflows-omics.us-east-1.amazonaws.com")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == status


@pytest.mark.parametrize(
    "body", [b"nonsense", b"[]", b'{"roleArn": 5}', b'{"tags": {"a": 1}}', b'{"priority": 1.5}']
)
def test_a_body_that_is_no_request_is_a_validation_error(server, body):
    request = urllib.request.Request(server.url + "/run", body, method="POST")
    request.add_header("Host", "workflows-omics.us-east-1.amazonaws.com")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.headers["x-amzn-ErrorType"] == "ValidationException"


def test_what_is_not_emulated_says_so(world, omics):
    with pytest.raises(omics.exceptions.ClientError) as caught:
        omics.list_variant_stores()
    assert caught.value.response["Error"]["Code"] == "NotEmulatedException"
    assert "ListVariantStores" in caught.value.response["Error"]["Message"]
