import os

import pytest

from omics_provider.emulator.execution.runner.containers import images, oci
from omics_provider.emulator.execution.runner.outcome import Failure

from .jobs import make

ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tools/bwa:1"
ONE = """
version 1.0
workflow one { call task1 }
task task1 { command { true } runtime { docker: "IMAGE" maxRetries: 2 } }
"""


@pytest.mark.parametrize(
    ("name", "mapped", "reason", "told"),
    [
        (
            ECR,
            {},
            "ECR_PERMISSION_ERROR",
            "permission to access the image URI. Confirm that the Amazon ECR",
        ),
        ("busybox:1", {}, "INVALID_ECR_IMAGE_URI", "busybox:1"),
        (ECR, {"*": "/no/such/folder"}, "CANNOT_START_CONTAINER_ERROR", "/no/such/folder"),
    ],
)
def test_an_image_that_is_not_to_be_had_fails_the_run(tmp_path, name, mapped, reason, told):
    job = make(tmp_path / "job", ONE.replace("IMAGE", name), images=mapped)
    result = job.run()
    assert (result["status"], result["failureReason"]) == ("FAILED", reason)
    assert told in result["statusMessage"]
    assert [event["status"] for event in job.events] == ["PENDING", "FAILED"]
    assert job.events[-1]["failureReason"] == reason
    assert job.events[-1]["image"] == name


def test_a_name_goes_before_the_star(tmp_path):
    found = images.find("lab/a:1", {"*": "b", "lab/a:1": str(tmp_path)})
    assert (found.folder, found.local) == (tmp_path.resolve(), None)
    assert images.find("lab/c:1", {"*": "b"}).local == "b"
    assert images.find(None, {"*": "b"}).local == "b"
    with pytest.raises(Failure) as caught:
        images.find(None, {ECR: "b"})
    assert caught.value.reason == "INVALID_ECR_IMAGE_URI"


def command(tool, image):
    mounts = [("/in", "/out", True), ("/in/x", "/x", False)]
    return oci.invocation(tool, image, "n", mounts, "/in", ("/bin/sh", "-c", "true"), 2, 2**30)


def test_podman_starts_local_images_and_folders(tmp_path):
    by_name = command("podman", images.Image("x", None, "lab:1"))
    assert by_name[-5:] == ["--pull", "never", "lab:1", "-c", "true"]
    assert {"--network", "none"} < set(by_name)
    assert "/out:/in" in by_name
    assert "/x:/in/x:ro" in by_name
    by_folder = command("podman", images.Image("x", tmp_path, None))
    assert by_folder[-5:] == ["--read-only", "--rootfs", str(tmp_path), "-c", "true"]


def test_docker_takes_no_folder(tmp_path):
    with pytest.raises(Failure, match="docker import"):
        command("/usr/bin/docker", images.Image("x", tmp_path, None))


FAKE = """#!/bin/sh
case "$1" in
run) echo "Error: lab:1: image not known" >&2; exit 125;;
esac
"""


def test_a_tool_that_can_not_start_the_container_says_why(tmp_path, monkeypatch):
    fake = tmp_path / "bin" / "podman"
    fake.parent.mkdir()
    fake.write_text(FAKE)
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    job = make(
        tmp_path / "job", ONE.replace("IMAGE", "lab:1"), images={"*": "lab:1"}, tool="podman"
    )
    result = job.run()
    assert result["failureReason"] == "CANNOT_START_CONTAINER_ERROR"
    assert "podman says: Error: lab:1: image not known" in result["statusMessage"]
