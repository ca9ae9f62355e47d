"""OmicsRunGroup: limits that runs share, as a Pulumi resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Never

from pulumi import Input, Output, ResourceOptions

from omics_provider.providers.run_group import OmicsRunGroupProvider
from omics_provider.shared.rules.run_group import TABLE

from ._declare import Plain


class OmicsRunGroup(Plain, module="omics", name="RunGroup"):
    """A run group: what its runs may use together.

    Everything changes in place. A limit left unset is not sent and never differs; the API has no
    way to take a limit away, so raise it instead. Limits of values are those of CreateRunGroup
    (botocore's model, omics 2022-11-28).
    """

    _table = TABLE
    _host = OmicsRunGroupProvider()

    def __init__(
        self,
        resource_name: str,
        *,
        name: Input[str] | None = None,
        max_cpus: Input[int] | None = None,
        max_gpus: Input[int] | None = None,
        max_runs: Input[int] | None = None,
        max_duration: Input[int] | None = None,
        tags: Input[Mapping[str, Input[str]]] | None = None,
        opts: ResourceOptions | None = None,
        **unknown: Never,
    ) -> None:
        """Declare a run group.

        Args:
            resource_name: Pulumi's name of the resource, unique in the stack.
            name: Name shown in the console, up to 128 characters. Pulumi's resource name is not
                sent.
            max_cpus: vCPUs that the group's active runs use at once, 1 to 100,000.
            max_gpus: GPUs that the group's active runs use at once, 1 to 100,000.
            max_runs: Runs of the group that are active at once, 1 to 100,000; others wait.
            max_duration: Minutes after which a run of the group fails, 1 to 100,000.
            tags: Up to 50 tags.
            opts: Pulumi's resource options.
            **unknown: Takes no argument; a name that does not exist is reported by the preview
                together with everything else that is wrong.
        """
        inputs: dict[str, Any] = {
            "name": name,
            "maxCpus": max_cpus,
            "maxGpus": max_gpus,
            "maxRuns": max_runs,
            "maxDuration": max_duration,
            "tags": tags,
        }
        self._declare(resource_name, inputs, unknown, opts)

    @property
    def arn(self) -> Output[str]:
        """The group's ARN."""
        return self._output("arn")

    @property
    def creation_time(self) -> Output[str | None]:
        """When the group was made, ISO 8601 in UTC."""
        return self._output("creationTime")

    @property
    def name(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("name")

    @property
    def max_cpus(self) -> Output[int | None]:
        """As declared: see the argument."""
        return self._output("maxCpus")

    @property
    def max_gpus(self) -> Output[int | None]:
        """As declared: see the argument."""
        return self._output("maxGpus")

    @property
    def max_runs(self) -> Output[int | None]:
        """As declared: see the argument."""
        return self._output("maxRuns")

    @property
    def max_duration(self) -> Output[int | None]:
        """As declared: see the argument."""
        return self._output("maxDuration")

    @property
    def tags(self) -> Output[Mapping[str, str] | None]:
        """As declared: see the argument."""
        return self._output("tags")
