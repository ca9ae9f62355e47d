"""Which columns of a sample sheet are parameters of a workflow: those of its template."""

from __future__ import annotations

from omics_provider.base.settings import Settings

from . import calls
from .rules.answers import Found, Kind, Look, Unseen


class Unknown(Exception):
    """The workflow can't be looked at; the text says why."""


def parameters(
    settings: Settings,
    workflow: str | None,
    kind: str | None,
    owner: str | None,
    version: str | None,
) -> frozenset[str] | None:
    """Return the parameters that a workflow's template names, with one call.

    None where it has no template, or none is named. Raises Unknown.
    """
    if not workflow:
        return None
    key = (workflow, kind or "PRIVATE", owner or "")
    look = Look(Kind.VERSION, (*key, version)) if version else Look(Kind.WORKFLOW, key)
    answer = calls.look_up(settings, [look])[look]
    if isinstance(answer, Unseen):
        raise Unknown(
            f"The columns of the sample sheet need the parameters of workflow {workflow}, which "
            f"can't be looked up: {answer.why}."
        )
    template = answer.facts.get("parameterTemplate") if isinstance(answer, Found) else None
    return frozenset(template) if template else None
