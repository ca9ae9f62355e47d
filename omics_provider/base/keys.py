"""Names of hidden properties in a stack's state, and the default that every reader needs."""

from __future__ import annotations

from typing import Final

#: Input that no user sets: what makes this start of the run differ from an earlier one with the
#: same inputs. Pulumi hides names with two underscores from previews and differences.
ATTEMPT: Final = "__attempt"
#: Input that the program sets: organization/project/stack.
STACK: Final = "__stack"
#: Input of a run whose declaration has no name: what StartRun is sent in its place. A start that
#: lacks it was made before there were such names, and is repeated without one.
NAME: Final = "__name"
#: Output of a placeholder: request ids of further starts, for the same inputs, in doubt.
EARLIER: Final = "__earlier"
#: Output: request ids of earlier, interrupted starts that have been dealt with.
SETTLED: Final = "__settled"
#: Input in a preview alone: runs that interrupted starts have left, each as {id, status, fits}.
LEFT: Final = "__left"

#: What `on_delete` is where a declaration does not say.
DEFAULT_ON_DELETE: Final = "delete"

#: Inputs that the native provider takes for a run: whether a create waits for its end, and what an
#: end without a result means then.
WAIT: Final = "waitForCompletion"
ON_FAILURE: Final = "onFailure"
#: Inputs that can differ between two declarations of one start.
BESIDE_A_START: Final = frozenset({"tags", "onDelete", WAIT, ON_FAILURE})
