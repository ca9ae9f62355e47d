"""Which programs there are, and which one a stack runs."""

import importlib
import pkgutil
from collections.abc import Callable

import pulumi

import stacks


def names() -> list[str]:
    """List the programs: the modules of this package whose name has no leading underscore."""
    return sorted(
        module.name
        for module in pkgutil.iter_modules(stacks.__path__)
        if not module.name.startswith("_")
    )


def program(stack: str, configured: str | None) -> Callable[[], None]:
    """Return the main() that a stack runs.

    It is the program that the stack's config names (`omics-runs:program`), else the one
    that bears the stack's own name.

    Raises:
        pulumi.RunError: there is no such program.

    """
    name = configured or stack
    if name not in names():
        asked = f"omics-runs:program is {name!r}" if configured else f"the stack is named {name!r}"
        raise pulumi.RunError(
            f"no program to run: {asked}, and stacks/ has only {', '.join(names())}. "
            f"Choose one with `pulumi config set program {names()[0]}`, or select another stack."
        )
    main: Callable[[], None] = importlib.import_module(f"stacks.{name}").main
    return main
