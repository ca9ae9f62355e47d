"""The emulator's server as a process: accounts, CloudWatch Logs and quotas as clients see them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

REGION = "us-east-1"
ACCOUNT, OTHER_ACCOUNT = "123456789012", "210987654321"


@dataclass
class Served:
    """A server of the emulator: its URL and its state file."""

    url: str
    state: str

    def client(self, service: str) -> Any:
        """Give a client of one of its services, in the account ACCOUNT."""
        return boto3.client(  # type: ignore[call-overload]  # the service is no literal
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(inject_host_prefix=False),
        )

    @cached_property
    def omics(self) -> Any:
        """A client of HealthOmics."""
        return self.client("omics")

    def keys_of(self, account: str) -> dict[str, str]:
        """Give credentials of `account`, as environment variables."""
        role = f"arn:aws:iam::{account}:role/someone"
        made = self.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
            "AWS_SESSION_TOKEN": made["SessionToken"],
        }


@contextmanager
def serving(state: Path) -> Iterator[Served]:
    """Serve the state file for as long as it is needed."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "OMICS_EMULATOR_", "MOTO_"))
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "omics_provider.emulator", "--port", "0", "--state", str(state)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    try:
        yield Served(process.stdout.readline().strip(), str(state))
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()
