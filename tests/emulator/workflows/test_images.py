"""Names of images: which ones the service can pull, and where a registry map leads."""

from __future__ import annotations

import pytest

from omics_provider.emulator.workflows.images import EcrImage, ecr_image, pulled_name

ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
DIGEST = "sha256:" + "0a" * 32
ACCOUNT, REGION = "123456789012", "us-east-1"


@pytest.mark.parametrize(
    ("name", "repository", "tag", "digest"),
    [
        (f"{ECR}/tools", "tools", None, None),
        (f"{ECR}/tools:1.2", "tools", "1.2", None),
        (f"{ECR}/quay/bio/fastqc:0.11.9--0", "quay/bio/fastqc", "0.11.9--0", None),
        (f"{ECR}/a_b/c.d-e@{DIGEST}", "a_b/c.d-e", None, DIGEST),
        (f"{ECR}/tools:1@{DIGEST}", "tools", "1", DIGEST),
    ],
)  # fmt: skip
def test_names_of_private_repositories_of_ecr(
    name: str, repository: str, tag: str | None, digest: str | None
) -> None:
    assert ecr_image(name) == EcrImage(ACCOUNT, REGION, repository, tag, digest)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ubuntu:20.04",
        "biocontainers/fastqc",
        "quay.io/biocontainers/fastqc:0.11.9--0",
        "public.ecr.aws/ubuntu/ubuntu:20.04",
        f"{ECR}/",
        f"{ECR}/Tools:1",
        f"{ECR}/tools:",
        f"{ECR}/tools: 1",
        f"docker://{ECR}/tools:1",
        "12345.dkr.ecr.us-east-1.amazonaws.com/tools:1",
        "123456789012.dkr.ecr.us-east-1.example.com/tools:1",
    ],
)
def test_other_names_are_none(name: str) -> None:
    assert ecr_image(name) is None


MAP = {
    "registryMappings": [
        {"upstreamRegistryUrl": "registry-1.docker.io", "ecrRepositoryPrefix": "docker-hub"},
        {
            "upstreamRegistryUrl": "quay.io",
            "ecrRepositoryPrefix": "quay",
            "upstreamRepositoryPrefix": "biocontainers",
            "ecrAccountId": "210987654321",
        },
        {"upstreamRegistryUrl": "public.ecr.aws", "ecrRepositoryPrefix": "ecr-public"},
    ],
    "imageMappings": [
        {"sourceImage": "ubuntu", "destinationImage": f"{ECR}/base/ubuntu:20.04"},
        {"sourceImage": "quay.io/other/tool:1", "destinationImage": f"{ECR}/tool:1"},
    ],
}


@pytest.mark.parametrize(
    ("name", "pulled"),
    [
        ("busybox:1", f"{ECR}/docker-hub/library/busybox:1"),
        ("docker.io/busybox:1", f"{ECR}/docker-hub/library/busybox:1"),
        ("staphb/samtools:1.19", f"{ECR}/docker-hub/staphb/samtools:1.19"),
        (f"public.ecr.aws/a/b@{DIGEST}", f"{ECR}/ecr-public/a/b@{DIGEST}"),
        (
            "quay.io/biocontainers/fastqc:0.11.9--0",
            "210987654321.dkr.ecr.us-east-1.amazonaws.com/quay/fastqc:0.11.9--0",
        ),
        ("quay.io/biocontainersx/fastqc:1", "quay.io/biocontainersx/fastqc:1"),
        ("ubuntu:22.04", f"{ECR}/base/ubuntu:20.04"),
        ("quay.io/other/tool:1", f"{ECR}/tool:1"),
        ("quay.io/other/tool:2", "quay.io/other/tool:2"),
        ("ghcr.io/a/b:1", "ghcr.io/a/b:1"),
        (f"{ECR}/tools:1", f"{ECR}/tools:1"),
    ],
)
def test_a_registry_map_leads_to_private_repositories(name: str, pulled: str) -> None:
    assert pulled_name(name, MAP, ACCOUNT, REGION) == pulled


def test_without_a_map_a_name_stays() -> None:
    assert pulled_name("busybox:1", None, ACCOUNT, REGION) == "busybox:1"
