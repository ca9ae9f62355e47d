"""What moto's services do not have is said in words that clients can read, and not asked again."""

import http.client

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.emulator.conftest import KEYS, SESSION


@pytest.fixture
def other(server):
    """Makes a client of another service, and counts what it sends."""

    def make(service, **config):
        made = SESSION.client(
            service,
            region_name="us-east-1",
            endpoint_url=server.url,
            config=Config(parameter_validation=False, inject_host_prefix=False, **config),
            **KEYS,
        )
        made.sent = []
        made.meta.events.register("before-send", lambda request, **_: made.sent.append(request.url))
        return made

    return make


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        # One service for each protocol, with an operation that moto 5.2 does not have.
        ("ecr", "describe_pull_through_cache_rules"),
        ("iam", "list_service_specific_credentials"),
        ("ec2", "describe_aws_network_performance_metric_subscriptions"),
        ("lambda", "get_account_settings"),
        # Services that moto has not at all.
        ("translate", "list_languages"),
        ("cloudsearch", "describe_domains"),
        ("chime", "list_accounts"),
    ],
)
@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_what_is_not_there_is_a_501_that_names_it(other, service, operation, mode):
    client = other(service, retries={"mode": mode, "total_max_attempts": 4})
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)()
    error = caught.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert error["Error"]["Code"] == "NotEmulatedException"
    said = error["Error"]["Message"]
    assert client.meta.method_to_api_mapping[operation] in said
    assert client.meta.service_model.signing_name in said
    assert "<" not in said
    assert len(client.sent) == 1


def test_what_an_operation_breaks_on_is_told(other, monkeypatch):
    # moto 5.2.5 takes the name of a log group for granted.
    with pytest.raises(ClientError) as caught:
        other("logs", retries={"total_max_attempts": 1}).create_log_group()
    assert caught.value.response["Error"]["Code"] == "InternalFailure"
    assert "CreateLogGroup of logs" in caught.value.response["Error"]["Message"]


def test_a_path_that_no_service_has_is_no_page(server):
    asked = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    scope = "Credential=test/20261130/us-east-1/lambda/aws4_request"
    asked.request("GET", "/no/such/path", headers={"Authorization": f"AWS4-HMAC-SHA256 {scope}"})
    answer = asked.getresponse()
    assert answer.status == 501
    assert answer.headers["Content-Type"] == "application/json"
    assert b"GET /no/such/path of lambda" in answer.read()
    asked.close()
