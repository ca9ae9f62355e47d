import pytest

from tests.emulator.runs.test_runs import refused


@pytest.fixture(params=["run", "workflow"])
def arn(request, omics, start, workflow):
    if request.param == "run":
        return start(tags={"a": "1"})["arn"]
    return omics.create_workflow(definitionUri="s3://bucket/w.zip", tags={"a": "1"}).get("arn")


def test_tags_are_added_overwritten_and_taken_away(omics, arn):
    assert omics.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "1"}
    omics.tag_resource(resourceArn=arn, tags={"a": "2", "b": "ü"})
    assert omics.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "2", "b": "ü"}
    omics.untag_resource(resourceArn=arn, tagKeys=["a", "not-there"])
    assert omics.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "ü"}


def test_a_run_shows_its_tags(omics, start):
    run = start(tags={"a": "1"})
    omics.tag_resource(resourceArn=run["arn"], tags={"b": "2"})
    assert omics.get_run(id=run["id"])["tags"] == {"a": "1", "b": "2"}


def test_there_are_at_most_fifty(omics, arn):
    omics.tag_resource(resourceArn=arn, tags={f"key-{number}": "x" for number in range(49)})
    refused("ValidationException", omics.tag_resource, resourceArn=arn, tags={"one": "more"})
    omics.tag_resource(resourceArn=arn, tags={"a": "changed"})


def test_reserved_keys_are_refused(omics, arn):
    refused("ValidationException", omics.tag_resource, resourceArn=arn, tags={"AWS:x": "y"})


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("arn:aws:omics:us-east-1:123456789012:run/1", "ResourceNotFoundException"),
        ("arn:aws:omics:eu-west-1:123456789012:run/1", "ResourceNotFoundException"),
        ("arn:aws:omics:us-east-1:123456789012:nothing/1", "ResourceNotFoundException"),
        ("arn:aws:s3:::bucket", "ValidationException"),
        ("nonsense", "ValidationException"),
    ],
)
def test_what_is_not_there_has_no_tags(omics, arn, code):
    refused(code, omics.list_tags_for_resource, resourceArn=arn)
    refused(code, omics.tag_resource, resourceArn=arn, tags={"a": "b"})
    refused(code, omics.untag_resource, resourceArn=arn, tagKeys=["a"])
