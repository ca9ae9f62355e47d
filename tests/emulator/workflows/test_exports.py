"""Definitions and READMEs come back as they were given: by a URL, as the export asks."""

import json
import urllib.error
import urllib.request

import pytest
import requests

from tests.emulator.conftest import ROLE
from tests.emulator.runs.test_runs import refused
from tests.emulator.workflows.test_workflows import GOOD, zipped

DEFINITION = zipped(main_wdl=GOOD)
README = "# Align\n\nMaps reads: ü.\n"


def fetched(url):
    """What is at a URL. `mock_aws` answers `requests` alone."""
    if url.startswith("file:"):
        with urllib.request.urlopen(url) as response:
            return response.read()
    answer = requests.get(url, timeout=60)
    answer.raise_for_status()
    return answer.content


def test_a_definition_can_be_fetched_back(omics):
    made = omics.create_workflow(name="align", definitionZip=DEFINITION)["id"]
    assert "definition" not in omics.get_workflow(id=made)
    url = omics.get_workflow(id=made, export=["DEFINITION"])["definition"]
    assert fetched(url) == DEFINITION
    version = {"workflowId": made, "versionName": "v2"}
    other = zipped(main_wdl=GOOD.replace("Align", "Other"))
    omics.create_workflow_version(definitionZip=other, **version)
    found = omics.get_workflow_version(export=["DEFINITION", "README"], **version)
    assert fetched(found["definition"]) == other
    assert "readme" not in found


def test_a_run_exports_its_definition_even_when_the_workflow_is_gone(omics):
    made = omics.create_workflow(definitionZip=DEFINITION)["id"]
    run = omics.start_run(
        workflowId=made, roleArn=ROLE, outputUri="s3://bucket/out", parameters={"reads": "s3://a/b"}
    )["id"]
    omics.delete_workflow(id=made)
    assert "definition" not in omics.get_run(id=run)
    assert fetched(omics.get_run(id=run, export=["DEFINITION"])["definition"]) == DEFINITION


def test_a_readme_is_kept_exported_and_changed(omics):
    given = {"definitionZip": DEFINITION, "readmeMarkdown": README}
    made = omics.create_workflow(**given)["id"]
    assert "readme" not in omics.get_workflow(id=made)

    def readme():
        return fetched(omics.get_workflow(id=made, export=["README"])["readme"]).decode()

    assert readme() == README
    omics.update_workflow(id=made, readmeMarkdown="# Other")
    assert readme() == "# Other"
    omics.update_workflow(id=made, description="said anew")
    assert readme() == "# Other"
    version = {"workflowId": made, "versionName": "v2"}
    omics.create_workflow_version(**{**given, "readmeMarkdown": "# v2"}, **version)
    omics.update_workflow_version(readmeMarkdown="# v2 again", **version)
    found = omics.get_workflow_version(export=["README"], **version)
    assert fetched(found["readme"]) == b"# v2 again"
    assert readme() == "# Other"


def test_what_cannot_be_had_is_not_exported(omics, workflow):
    found = omics.get_workflow(id=workflow, export=["DEFINITION", "README"])
    assert found["definition"] == "s3://bucket/w.zip"
    assert "readme" not in found
    ready = omics.get_workflow(id="9500764", type="READY2RUN", export=["DEFINITION"])
    assert "definition" not in ready


def test_a_definition_and_a_readme_come_from_s3(moto_world):
    omics, s3 = moto_world.client(), moto_world.other("s3")
    s3.create_bucket(Bucket="bucket-one")
    s3.put_object(Bucket="bucket-one", Key="w.zip", Body=DEFINITION)
    s3.put_object(Bucket="bucket-one", Key="README.md", Body=README.encode())
    given = {"definitionUri": "s3://bucket-one/w.zip", "readmeUri": "s3://bucket-one/README.md"}
    made = omics.create_workflow(**given)["id"]
    s3.delete_object(Bucket="bucket-one", Key="w.zip")
    found = omics.get_workflow(id=made, export=["DEFINITION", "README"])
    assert fetched(found["definition"]) == DEFINITION
    assert fetched(found["readme"]) == README.encode()
    assert (
        found["digest"]
        == omics.get_workflow(id=omics.create_workflow(definitionZip=DEFINITION)["id"])["digest"]
    )
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["bucket-one"]
    moto_world.settings(checkS3=True)
    missing = {"definitionZip": DEFINITION, "readmeUri": "s3://bucket-one/other.md"}
    assert "S3 access denied" in refused("ValidationException", omics.create_workflow, **missing)


def test_a_readme_comes_from_one_place_and_is_not_endless(omics):
    both = {"readmeMarkdown": "# a", "readmeUri": "s3://bucket-one/README.md"}
    refused("ValidationException", omics.create_workflow, definitionZip=DEFINITION, **both)
    long = {"readmeMarkdown": "x" * (500 * 1024 + 1)}
    assert "500 KiB" in refused(
        "ValidationException", omics.create_workflow, definitionZip=DEFINITION, **long
    )


@pytest.mark.parametrize("place", ["nothing.zip", "../x", "0" * 32 + ".zip", ""])
def test_the_server_exports_what_there_is_and_nothing_else(server, place):
    url = f"{server.url}/_omics/exports/123456789012/us-east-1/{place}"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url)
    assert caught.value.code == 404
    assert place in json.load(caught.value)["message"]


MAP = {
    "registryMappings": [{"upstreamRegistryUrl": "quay.io", "ecrRepositoryPrefix": "quay"}],
    "imageMappings": [{"sourceImage": "ubuntu", "destinationImage": "123456789012.dkr.ecr/u"}],
}


@pytest.fixture
def in_s3(moto_world):
    """Makes a workflow whose registry map is an object of some content in S3."""
    omics, s3 = moto_world.client(), moto_world.other("s3")
    s3.create_bucket(Bucket="bucket-one")

    def make(content):
        s3.put_object(Bucket="bucket-one", Key="map.json", Body=content)
        made = omics.create_workflow(
            definitionZip=DEFINITION, containerRegistryMapUri="s3://bucket-one/map.json"
        )
        return omics.get_workflow(id=made["id"])

    return make


def test_a_registry_map_is_read_from_s3(in_s3):
    found = in_s3(json.dumps(MAP))
    assert (found["status"], found["containerRegistryMap"]) == ("ACTIVE", MAP)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("quay.io: quay", "Expecting value"),
        (b"\x80map", "decode"),
        ("[]", "not an object"),
        ("{}", "neither registryMappings nor imageMappings"),
        ('{"registryMappings": {"a": "b"}}', "not a list"),
        ('{"registryMappings": [{"upstreamRegistryUrl": "quay.io"}]}', "ecrRepositoryPrefix"),
    ],
)
def test_a_registry_map_of_another_form_fails_the_workflow(in_s3, content, why):
    found = in_s3(content)
    assert found["status"] == "FAILED"
    assert why in found["statusMessage"]
    assert "s3://bucket-one/map.json" in found["statusMessage"]


def test_a_registry_map_comes_from_one_place_that_is_there(moto_world):
    omics = moto_world.client()
    given = {"definitionZip": DEFINITION, "containerRegistryMapUri": "s3://bucket-one/map.json"}
    refused("ValidationException", omics.create_workflow, containerRegistryMap=MAP, **given)
    made = omics.get_workflow(id=omics.create_workflow(**given)["id"])
    assert "containerRegistryMap" not in made
    moto_world.settings(checkS3=True)
    assert "S3 access denied" in refused("ValidationException", omics.create_workflow, **given)
    refused(
        "ValidationException",
        omics.create_workflow,
        definitionZip=DEFINITION,
        containerRegistryMapUri="https://x/y",
    )
