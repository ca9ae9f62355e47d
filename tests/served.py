"""The emulator's server as a process: accounts, CloudWatch Logs and quotas as clients see them."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from . import children

REGION = "us-east-1"
ACCOUNT, OTHER_ACCOUNT = "123456789012", "210987654321"


@dataclass
class Served:
    """A server of the emulator: its URL, its state file, and its process."""

    url: str
    state: str
    child: children.Child
    #: Making one takes a tenth of a second.
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Give a client of one of its services, in the account ACCOUNT."""
        if service not in self._clients:
            self._clients[service] = self._made(service)
        return self._clients[service]

    def _made(self, service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]  # the service is no literal
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(inject_host_prefix=False),
        )

    def forget(self) -> None:
        """Have it forget everything, in moto's services too. Its process goes on."""
        urllib.request.urlopen(f"{self.url}/_omics/reset", b"", timeout=60).close()

    @property
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
def serving(
    state: Path, *arguments: str | Path, environment: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """Serve the state file for as long as it is needed, with more `arguments` of the server."""
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "OMICS_EMULATOR_", "MOTO_"))
    }
    words = ("-m", "omics_provider.emulator", "--port", "0", "--state", state)
    child = children.python(*words, *arguments, env={**own, **(environment or {})})
    try:
        yield Served(child.line("the emulator's URL"), str(state), child)
    finally:
        child.stop()
