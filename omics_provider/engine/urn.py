"""What a resource's URN says, the types of this package's resources, and how names are sorted."""

from __future__ import annotations

from typing import Any, Final

from omics_provider.base.errors import OmicsError

STACK: Final = "pulumi:pulumi:Stack"
PROVIDERS: Final = "pulumi:providers:"
#: How the type tokens of this package begin: those of Python's dynamic resources, and those of the
#: native provider.
DYNAMIC: Final = "pulumi-python:dynamic/omics:"
NATIVE: Final = "omics:index:"
#: The types of the providers that serve each.
DYNAMIC_PROVIDER: Final = f"{PROVIDERS}pulumi-python"
NATIVE_PROVIDER: Final = f"{PROVIDERS}omics"
#: How the engine names the providers that it makes itself (pulumi: sdk/go/common/providers).
_DEFAULT: Final = "default"
#: What this package has resources for. The rest of a type token is the same at both doors.
RUN: Final = "Run"
BATCH: Final = "RunBatch"
GROUP: Final = "RunGroup"
CACHE: Final = "RunCache"
WORKFLOW: Final = "Workflow"
#: What outlives runs and is shared by them.
LASTING: Final = frozenset({GROUP, CACHE, WORKFLOW})
#: What the service calls each.
NOUNS: Final = {
    RUN: "run",
    BATCH: "run batch",
    GROUP: "run group",
    CACHE: "run cache",
    WORKFLOW: "workflow",
}


def own_kind(token: Any) -> str:
    """Return what a type token of this package stands for, such as RUN; empty for any other.

    It is the same whichever door the resource was declared at.
    """
    for door in (DYNAMIC, NATIVE):
        kind = str(token).removeprefix(door)
        if kind != token and kind in NOUNS:
            return kind
    return ""


def native(name: str) -> str:
    """Return the token by which the native provider knows a resource, a function or an object."""
    return f"{NATIVE}{name}"


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts names as people do, S2 before S10."""
    parts: list[tuple[int, int, str]] = []
    digits = ""
    for character in [*text, ""]:
        if character.isascii() and character.isdigit():
            digits += character
            continue
        if digits:
            parts.append((0, int(digits), digits))
            digits = ""
        parts.append((1, 0, character))
    return tuple(parts)


def type_of(urn: str) -> str:
    """Return a resource's type, without those of its parents."""
    return urn_parts(urn)[2].rpartition("$")[2]


def urn_name(urn: str) -> str:
    """Return a resource's name."""
    return urn_parts(urn)[3]


def is_default(urn: str) -> bool:
    """Tell whether the engine made a provider, which follows the stack's configuration."""
    return urn_name(urn).startswith(_DEFAULT)


def stack_of(urn: str) -> str:
    """Return the name of a resource's stack."""
    return urn_parts(urn)[0].removeprefix("urn:pulumi:")


def kind_of(urn: str) -> str:
    """Return the type token in a URN, without its parents' types; empty for an empty URN."""
    return urn.rpartition("::")[0].rpartition("::")[2].rpartition("$")[2]


def stack_name(urn: str, recorded: str) -> str:
    """Return the stack that resource `urn` is in now, organization/project/stack.

    `recorded` is what it was when the resource was declared. Since then the stack may have been
    renamed, and another may have its name: the engine keeps URNs up to date, not outputs.
    """
    prefix, _, rest = urn.partition("::")
    stack, project = prefix.rpartition(":")[2], rest.partition("::")[0]
    if not stack or not project:
        return recorded
    return "/".join([recorded.split("/", 1)[0], project, stack])


def urn_in(stack: str, urn: str) -> str:
    """Return what the URN of a resource was in `stack`, organization/project/stack.

    A rename changes URNs, and nothing that was made of them: requestIds and marks.
    """
    _, found, rest = urn.partition("::")
    names = stack.split("/")
    if not found or len(names) != 3:
        return urn
    return f"urn:pulumi:{names[2]}::{names[1]}::{rest.partition('::')[2]}"


def urn_parts(urn: str) -> list[str]:
    """Return stack, project, types and name of a URN; raises OmicsError for what is none."""
    parts = str(urn).split("::", 3)
    if len(parts) != 4:
        raise unreadable("a resource in it has no URN")
    return parts


def group_of(parent: str | None) -> str | None:
    """Return the name of the component that is a resource's parent, None for the stack itself."""
    return urn_name(parent) if parent and type_of(parent) != STACK else None


def unreadable(why: str) -> OmicsError:
    """Return the error for what is no preview, or one that this release can't read."""
    return OmicsError(
        "Reading the preview",
        why,
        advice="Give the standard output of `pulumi preview --json`, and nothing else.",
    )
