"""OmicsRunGroup and OmicsRunCache: what runs share, as Pulumi resources."""

from __future__ import annotations

from typing import Unpack

from pulumi import ResourceOptions

from omics_provider.providers.run_cache import OmicsRunCacheProvider
from omics_provider.providers.run_group import OmicsRunGroupProvider
from omics_provider.shared.rules.tables import CACHE, GROUP

from ._arguments import (
    RunCacheArguments,
    RunCacheAttributes,
    RunGroupArguments,
    RunGroupAttributes,
)
from ._declare import Readable, inputs_of, takes


@takes(GROUP)
class OmicsRunGroup(RunGroupAttributes, Readable, module="omics", name="RunGroup"):
    """A run group: what its runs may use together.

    Everything changes in place. A limit left unset is not sent and never differs; the API has no
    way to take a limit away, so raise it instead. Limits of values are those of CreateRunGroup
    (botocore's model, omics 2022-11-28).

    Args:
        resource_name: Pulumi's name of the resource, unique in the stack.
        name: Name shown in the console, up to 128 characters. Pulumi's resource name is not sent.
        max_cpus: Most vCPUs that the group's active runs use at once, 1 to 100,000.
        max_gpus: Most GPUs that the group's active runs use at once, 1 to 100,000.
        max_runs: Most runs of the group that are active at once, 1 to 100,000; others wait.
        max_duration: Minutes after which a run of the group fails, 1 to 100,000.
        tags: Up to 50 tags.
        opts: Pulumi's resource options. It may also be the second argument, without a name.

    Attributes:
        arn: The group's ARN.
        creation_time: When the group was created, ISO 8601 in UTC.

    Each argument is an attribute, too: its value as declared.
    """

    _host = OmicsRunGroupProvider()
    _kept = tuple(GROUP.by_wire)

    def __init__(
        self,
        resource_name: str,
        opts: ResourceOptions | None = None,
        **arguments: Unpack[RunGroupArguments],
    ) -> None:
        self._declare(resource_name, inputs_of(GROUP, arguments), opts)


@takes(CACHE)
class OmicsRunCache(RunCacheAttributes, Readable, module="omics", name="RunCache"):
    """A run cache: where the outputs of tasks are kept for later runs.

    Name, description, behaviour and tags change in place; another location or bucket owner makes a
    new cache. Deleting it leaves the data in S3. An input left unset is not sent and never differs.
    Limits of values are those of CreateRunCache (botocore's model, omics 2022-11-28).

    Args:
        resource_name: Pulumi's name of the resource, unique in the stack.
        cache_s3_location: Where the cache keeps outputs: s3://bucket/prefix, not in an archived
            storage class.
        cache_behavior: CACHE_ON_FAILURE (the service's default) keeps the outputs of finished tasks
            of failed runs. CACHE_ALWAYS keeps the outputs of all runs. A run may set another
            behavior.
        name: Name shown in the console, up to 128 characters. Pulumi's resource name is not sent.
        description: Up to 256 characters.
        cache_bucket_owner_id: Account id, 12 digits, that must own the bucket; by default the
            caller's account.
        tags: Up to 50 tags.
        opts: Pulumi's resource options. It may also be the second argument, without a name.

    Attributes:
        arn: The cache's ARN.
        status: State at the last up or refresh: ACTIVE or FAILED.
        creation_time: When the cache was created, ISO 8601 in UTC.

    Each argument is an attribute, too: its value as declared.
    """

    _host = OmicsRunCacheProvider()
    _kept = tuple(CACHE.by_wire)

    def __init__(
        self,
        resource_name: str,
        opts: ResourceOptions | None = None,
        **arguments: Unpack[RunCacheArguments],
    ) -> None:
        self._declare(resource_name, inputs_of(CACHE, arguments), opts)
