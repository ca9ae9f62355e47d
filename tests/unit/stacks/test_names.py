"""The rule for names and tags, held to the limits of the services that take them."""

import re

import pytest
from botocore.loaders import Loader

from omics_provider.runs.rules import run_table
from stacks._names import LONGEST, Naming, NamingError

MADE = Naming("omics-runs", "production", "ashkenazim-trio", "genomics")
#: S3's rule, without the names that begin and end in a way ours can't.
BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
SUFFIX = "-1a2b3c4"
"""What Pulumi puts behind the names of AWS resources."""


def test_names_say_whose_and_what() -> None:
    assert MADE.of("results") == "omics-runs-production-results"


def test_the_longest_names_that_are_allowed_fit_a_bucket() -> None:
    longest = Naming("p" * 20, "s" * (LONGEST - 20), "c", "cc")
    for what in ("results", "runs", "ended-runs"):
        assert BUCKET.fullmatch(longest.of(what) + SUFFIX)


def test_tags_are_within_what_aws_and_healthomics_take() -> None:
    tags = {**MADE.tags, **MADE.of_sample("HG002")}
    assert tags == {
        "project": "omics-runs",
        "stack": "production",
        "cohort": "ashkenazim-trio",
        "cost-centre": "genomics",
        "sample": "HG002",
    }
    shapes = Loader().load_service_model("omics", "service-2")["shapes"]
    key, value = shapes["TagKey"], shapes["TagValue"]
    for name, text in tags.items():
        assert key["min"] <= len(name) <= key["max"]
        assert value["min"] <= len(text) <= value["max"]
        # docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/allocation-tag-restrictions.html
        assert re.fullmatch(r"[\w .:/=+@-]{1,128}", name)
        assert not name.startswith(("aws:", "omics-provider:"))
    # 50 tags, of which the provider takes two.
    assert len(tags) <= 48
    assert "tags" in run_table.BY_WIRE


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"stack": "Prod"}, ["the stack 'Prod'"]),
        ({"project": "omics_runs", "stack": "prod.eu"}, ["'omics_runs'", "'prod.eu'"]),
        ({"stack": "-eu"}, ["the stack '-eu'"]),
        ({"stack": "eu--west"}, ["the stack 'eu--west'"]),
        ({"stack": "s" * LONGEST}, [f"longer than {LONGEST}"]),
        ({"cohort": "trio;", "cost_centre": ""}, ["cohort 'trio;'", "costCentre ''"]),
        ({"cost_centre": "x" * 257}, ["at most 256"]),
    ],
)
def test_all_that_is_wrong_is_said_at_once(changes: dict[str, str], reasons: list[str]) -> None:
    given = {"project": "p", "stack": "s", "cohort": "c", "cost_centre": "cc"} | changes
    with pytest.raises(NamingError) as error:
        Naming(**given)
    for reason in reasons:
        assert reason in str(error.value)
    assert len(str(error.value).splitlines()) == len(reasons)
