"""The provider in every stack's state: an address, not a program."""

from __future__ import annotations

import base64
import pickletools
import subprocess
import sys

import dill  # type: ignore[import-untyped]  # pulumi's own pickler
from pulumi.dynamic.dynamic import serialize_provider

from omics_provider.providers.run import OmicsRunProvider
from omics_provider.resources import run as resource
from tests.provider.harness import REGION, configured

# Never to be changed: another value makes every run in every stack differ, and a state made by an
# earlier release has this one.
PINNED = (
    "gASVOAAAAAAAAACMHG9taWNzX3Byb3ZpZGVyLnByb3ZpZGVycy5ydW6UjBBPbWljc1J1blByb3ZpZGVylJOUKYGULg=="
)


def test_the_bytes_are_pinned() -> None:
    assert serialize_provider(OmicsRunProvider()) == PINNED
    assert serialize_provider(resource.OmicsRun._host) == PINNED


def test_the_bytes_do_not_depend_on_the_configuration() -> None:
    provider = configured(
        {"omics:endpoint": "local", "omics:region": REGION, "omics:profile": "secret-profile"}
    )
    assert serialize_provider(provider) == PINNED


def test_the_bytes_are_the_name_of_the_class_and_nothing_else() -> None:
    content = base64.b64decode(PINNED)
    opcodes = [(code.name, argument) for code, argument, _ in pickletools.genops(content)]
    texts = [argument for _, argument in opcodes if isinstance(argument, str)]
    assert texts == ["omics_provider.providers.run", "OmicsRunProvider"]
    # No state: BUILD would set one.
    assert "BUILD" not in {name for name, _ in opcodes}


def test_the_bytes_make_the_installed_provider() -> None:
    made = dill.loads(base64.b64decode(PINNED))
    assert type(made) is OmicsRunProvider
    assert vars(made) == {}


def test_the_provider_is_no_secret() -> None:
    # As a secret it would be encrypted again, and differ, in every update.
    assert OmicsRunProvider.serialize_as_secret_always is False


MANY = """
import time
from pulumi.dynamic.dynamic import serialize_provider
from omics_provider.providers.run import OmicsRunProvider
provider = OmicsRunProvider()
begin = time.process_time()
made = {serialize_provider(provider) for _ in range(5000)}
print(len(made), made.pop(), time.process_time() - begin)
"""


def test_five_thousand_resources_are_quick_and_no_recursion() -> None:
    # In a process of its own: Pulumi wraps the process's pickler once more at every call.
    done = subprocess.run(
        [sys.executable, "-c", MANY], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    count, made, seconds = done.stdout.split()
    assert (count, made) == ("1", PINNED)
    assert float(seconds) < 5
