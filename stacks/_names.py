"""How things are named and tagged: one rule for all that a stack makes. No Pulumi, no AWS.

Names are `<project>-<stack>-<what>`; Pulumi puts seven characters behind those of AWS resources,
which have to be unique. Tags are those that cost reports group by.
"""

import re
from dataclasses import dataclass
from typing import Final

# The strictest of the services is S3: small letters, digits and hyphens, 63 characters
# (docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html). Of those Pulumi's suffix
# takes 8, and the longest of the names that get one 12.
PART: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST: Final = 63 - 8 - len("--ended-runs")
# docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html; HealthOmics has no
# pattern of its own.
TAG_VALUE: Final = re.compile(r"[\w .:/=+@-]+")
LONGEST_TAG_VALUE: Final = 256


class NamingError(ValueError):
    """Names or tags that can't be. The message has one line for each problem."""


@dataclass(frozen=True)
class Naming:
    """The names and tags of one stack's cohort.

    Raises:
        NamingError: says everything that is wrong.

    """

    project: str
    stack: str
    cohort: str
    cost_centre: str

    def __post_init__(self) -> None:
        """Hold every part to the rule."""
        wrong = [
            f"the {what} {text!r} can't be part of a bucket's name: use small letters, digits and "
            "single hyphens."
            for what, text in (("project", self.project), ("stack", self.stack))
            if not PART.fullmatch(text)
        ]
        wrong += [
            f"{what} {text!r} can't be a tag: use letters, digits, blanks and . : / = + - @ _, at "
            f"most {LONGEST_TAG_VALUE}."
            for what, text in (("cohort", self.cohort), ("costCentre", self.cost_centre))
            if not TAG_VALUE.fullmatch(text) or len(text) > LONGEST_TAG_VALUE
        ]
        if len(self.project) + len(self.stack) > LONGEST:
            wrong.append(
                f"the project {self.project!r} and the stack {self.stack!r} are together longer "
                f"than {LONGEST} characters: shorten one of them."
            )
        if wrong:
            raise NamingError("\n".join(wrong))

    def of(self, what: str) -> str:
        """Return the name of something that the stack makes."""
        return f"{self.project}-{self.stack}-{what}"

    @property
    def tags(self) -> dict[str, str]:
        """The tags of everything that the stack makes."""
        return {
            "project": self.project,
            "stack": self.stack,
            "cohort": self.cohort,
            "cost-centre": self.cost_centre,
        }

    def of_sample(self, sample: str) -> dict[str, str]:
        """Return what a run's tags have beside those."""
        return {"sample": sample}
