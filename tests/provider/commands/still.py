"""The emulator's server for commands, whose time is turned by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from omics_provider.base.settings import Settings
from omics_provider.emulator import control
from tests.provider.harness import REGION, ROLE
from tests.served import Served

KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": REGION}


@dataclass
class Server:
    """A server whose time stands still until it is turned."""

    url: str
    state: str
    aws: Any
    workflow: str
    first: int = 0

    @property
    def place(self) -> Settings:
        """Where a command finds it."""
        return Settings(region=REGION, endpoint=self.url)

    def start(self, **more: Any) -> str:
        """Start a run of the server's workflow, and return its id."""
        started = self.aws.start_run(
            **{
                "workflowId": self.workflow,
                "name": "HG002",
                "roleArn": ROLE,
                "outputUri": "s3://bucket-one/out",
                **more,
            }
        )
        return str(started["id"])

    def make_workflow(self) -> None:
        """Make another workflow, whose runs are those of one test."""
        made = self.aws.create_workflow(name="w", engine="NEXTFLOW", definitionUri="s3://w/w.zip")
        self.workflow = made["id"]

    def settle(self, seconds: float) -> None:
        """Let time pass, in steps, and have logs and manifests written."""
        control.advance(self.state, seconds)
        self.aws.list_runs(maxResults=1)
        self.first = max(call["number"] for call in control.calls(self.state))

    def calls(self) -> list[str]:
        """Return the operations that were called since it settled."""
        return [call["operation"] for call in control.calls(self.state, after=self.first)]


T = TypeVar("T", bound=Server)


def still(served: Served, kind: type[T], **settings: Any) -> T:
    """Give a server of this kind with a bucket; `settings` are the emulator's."""
    served.client("s3").create_bucket(Bucket="bucket-one")
    control.change_settings(served.state, {"speed": 0, **settings})
    server = kind(served.url, served.state, served.omics, "")
    server.make_workflow()
    return server
