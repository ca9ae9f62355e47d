"""The bucket that results go to, and the settings that guard it."""

import json
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from stacks import _policies
from stacks._names import Naming
from stacks._settings import Keeping

DAYS_FOR_UPLOAD = 7


@dataclass(frozen=True)
class Lifecycle:
    """What becomes of objects with time. Results are deleted only where days are set for it."""

    results: str
    cache: str
    keeping: Keeping

    def rules(self) -> list[aws.s3.BucketLifecycleConfigurationRuleArgs]:
        """Return the rules, each of which has an id and a prefix of its own."""
        of_results: dict[str, Any] = {
            "transitions": [{"days": self.keeping.tiering, "storage_class": "INTELLIGENT_TIERING"}]
        }
        if self.keeping.results is not None:
            # An object that goes anyway is not worth moving to another class before.
            of_results = {"expiration": {"days": self.keeping.results}}
        return [
            _rule(
                "unfinished-uploads",
                "",
                abort_incomplete_multipart_upload={"days_after_initiation": DAYS_FOR_UPLOAD},
            ),
            _rule("results", self.results, **of_results),
            # Never moved to an archive: a run cache has to be readable at once.
            _rule("cache", self.cache, expiration={"days": self.keeping.cache}),
        ]


def private(
    naming: Naming, lifecycle: Lifecycle, *, is_destroyed: bool
) -> tuple[aws.s3.Bucket, list[pulumi.Resource]]:
    """Make a private, encrypted bucket, and list the settings that make it so.

    Unless `is_destroyed`, bucket and settings outlive the stack; then they go with it, and
    everything in the bucket too.
    """
    name = naming.of("results")
    kept = pulumi.ResourceOptions(retain_on_delete=not is_destroyed)
    bucket = aws.s3.Bucket(name, force_destroy=is_destroyed, tags=naming.tags, opts=kept)
    closed = aws.s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=kept,
    )
    owned = aws.s3.BucketOwnershipControls(
        name, bucket=bucket.id, rule={"object_ownership": "BucketOwnerEnforced"}, opts=kept
    )
    encrypted = aws.s3.BucketServerSideEncryptionConfiguration(
        name,
        bucket=bucket.id,
        rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
        opts=kept,
    )
    tls = aws.s3.BucketPolicy(
        name,
        bucket=bucket.id,
        policy=bucket.arn.apply(lambda arn: json.dumps(_policies.bucket(arn))),
        opts=pulumi.ResourceOptions.merge(kept, pulumi.ResourceOptions(depends_on=[closed])),
    )
    aws.s3.BucketLifecycleConfiguration(name, bucket=bucket.id, rules=lifecycle.rules(), opts=kept)
    return bucket, [closed, owned, encrypted, tls]


def _rule(id_: str, prefix: str, **what: Any) -> aws.s3.BucketLifecycleConfigurationRuleArgs:
    under = aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=prefix)
    return aws.s3.BucketLifecycleConfigurationRuleArgs(
        id=id_, status="Enabled", filter=under, **what
    )
