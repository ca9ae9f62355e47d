"""The shapes of a workflow's nested arguments.

Written by tools/shapes.py from botocore's model: change that, then run it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from omics_provider.base.shapes import Shape

SHAPES: Final[Mapping[str, Shape]] = {
    "containerRegistryMap": Shape(
        "structure",
        members={
            "registryMappings": Shape(
                "list",
                item=Shape(
                    "structure",
                    members={
                        "upstreamRegistryUrl": Shape("text", low=1, high=750),
                        "ecrRepositoryPrefix": Shape("text", low=1, high=256),
                        "upstreamRepositoryPrefix": Shape("text", low=2, high=30),
                        "ecrAccountId": Shape("text", low=12, high=12, pattern="[0-9]+"),
                        "credentialArn": Shape(
                            "text",
                            low=20,
                            high=2048,
                            pattern=r"arn:aws(-\w+)*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[a-zA-Z0-9\/_+=.@-]+",
                        ),
                    },
                    required=("upstreamRegistryUrl", "ecrRepositoryPrefix"),
                ),
            ),
            "imageMappings": Shape(
                "list",
                item=Shape(
                    "structure",
                    members={
                        "sourceImage": Shape("text", low=1, high=750),
                        "destinationImage": Shape("text", low=1, high=750),
                    },
                ),
            ),
        },
    ),
    "definitionRepository": Shape(
        "structure",
        members={
            "connectionArn": Shape(
                "text", low=1, high=256, pattern=r"arn:aws(-[\w]+)*:.+:.+:[0-9]{12}:.+"
            ),
            "fullRepositoryId": Shape("text", pattern=".+/.+"),
            "sourceReference": Shape(
                "structure",
                members={
                    "type": Shape("text", enum=("BRANCH", "TAG", "COMMIT")),
                    "value": Shape("text", free=True),
                },
                required=("type", "value"),
            ),
            "excludeFilePatterns": Shape("list", low=1, high=50, item=Shape("text", free=True)),
        },
        required=("connectionArn", "fullRepositoryId"),
    ),
    "parameterTemplate": Shape(
        "map",
        low=1,
        high=2000,
        key=Shape("text", low=1, high=128),
        item=Shape(
            "structure",
            members={"description": Shape("text", low=1, high=256), "optional": Shape("boolean")},
        ),
    ),
}
