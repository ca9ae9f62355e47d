"""OmicsRunCache: task outputs that later runs use again, as a Pulumi resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Never

from pulumi import Input, Output, ResourceOptions

from omics_provider.providers.run_cache import OmicsRunCacheProvider
from omics_provider.shared.rules.run_cache import TABLE

from ._declare import Plain


class OmicsRunCache(Plain, module="omics", name="RunCache"):
    """A run cache: where the outputs of tasks are kept for later runs.

    Name, description, behaviour and tags change in place; another location or bucket owner makes a
    new cache. Deleting it leaves the data in S3. An input left unset is not sent and never differs.
    Limits of values are those of CreateRunCache (botocore's model, omics 2022-11-28).
    """

    _table = TABLE
    _host = OmicsRunCacheProvider()

    def __init__(
        self,
        resource_name: str,
        *,
        cache_s3_location: Input[str],
        cache_behavior: Input[str] | None = None,
        name: Input[str] | None = None,
        description: Input[str] | None = None,
        cache_bucket_owner_id: Input[str] | None = None,
        tags: Input[Mapping[str, Input[str]]] | None = None,
        opts: ResourceOptions | None = None,
        **unknown: Never,
    ) -> None:
        """Declare a run cache.

        Args:
            resource_name: Pulumi's name of the resource, unique in the stack.
            cache_s3_location: Where outputs are kept: s3://bucket/prefix, not in an archived
                storage class.
            cache_behavior: CACHE_ON_FAILURE (the service's default) keeps the outputs of finished
                tasks of runs that fail; CACHE_ALWAYS those of all runs. A run may say otherwise.
            name: Name shown in the console, up to 128 characters. Pulumi's resource name is not
                sent.
            description: Up to 256 characters.
            cache_bucket_owner_id: Account id, 12 digits, that must own the bucket; the service
                takes the caller's where it is unset.
            tags: Up to 50 tags.
            opts: Pulumi's resource options.
            **unknown: Takes no argument; a name that does not exist is reported by the preview
                together with everything else that is wrong.
        """
        inputs: dict[str, Any] = {
            "cacheS3Location": cache_s3_location,
            "cacheBehavior": cache_behavior,
            "name": name,
            "description": description,
            "cacheBucketOwnerId": cache_bucket_owner_id,
            "tags": tags,
        }
        self._declare(resource_name, inputs, unknown, opts)

    @property
    def arn(self) -> Output[str]:
        """The cache's ARN."""
        return self._output("arn")

    @property
    def status(self) -> Output[str | None]:
        """State when last seen by up or refresh: ACTIVE or FAILED."""
        return self._output("status")

    @property
    def creation_time(self) -> Output[str | None]:
        """When the cache was made, ISO 8601 in UTC."""
        return self._output("creationTime")

    @property
    def cache_s3_location(self) -> Output[str]:
        """As declared: see the argument."""
        return self._output("cacheS3Location")

    @property
    def cache_behavior(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("cacheBehavior")

    @property
    def name(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("name")

    @property
    def description(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("description")

    @property
    def cache_bucket_owner_id(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("cacheBucketOwnerId")

    @property
    def tags(self) -> Output[Mapping[str, str] | None]:
        """As declared: see the argument."""
        return self._output("tags")
