"""A stand-in for Pulumi's AWS plugin: the few types that stacks/ uses, made through boto3.

The real plugin can't be had from package registries. The engine takes any `pulumi-resource-aws`
that is on PATH, so `FOLDER` goes there. Where AWS is comes from boto3's own variables: a test
sets AWS_ENDPOINT_URL to the emulator's server. Types and properties that are not listed in
`kinds` are refused.
"""

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
