"""The stand-in for the AWS plugin refuses what it does not know."""

import asyncio
from typing import Any

import pytest
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import CheckRequest, InvokeRequest

from tests.engine.aws_stand_in.kinds import Refused
from tests.engine.aws_stand_in.plugin import StandIn

URN = "urn:pulumi:dev::runs::{}::results"


def checked(type_: str, **given: str) -> Any:
    values = {key: PropertyValue(value) for key, value in given.items()}
    request = CheckRequest(URN.format(type_), {}, values, b"\x01\x02\x03\x04")
    return asyncio.run(StandIn().check(request))


def test_what_has_no_name_gets_one() -> None:
    made = checked("aws:s3/bucket:Bucket")
    assert not made.failures
    assert made.inputs["bucket"].value == "results-0102030"


def test_properties_that_are_not_known_or_missing_are_refused() -> None:
    failures = checked("aws:iam/role:Role", path="/").failures
    assert [failure.property for failure in failures] == ["path", "assumeRolePolicy"]


def test_types_and_functions_that_are_not_known_are_refused() -> None:
    with pytest.raises(Refused, match="no type aws:ec2/instance:Instance"):
        checked("aws:ec2/instance:Instance")
    with pytest.raises(Refused, match="no function aws:index/getPartition:getPartition"):
        asyncio.run(StandIn().invoke(InvokeRequest("aws:index/getPartition:getPartition", {})))


def test_settings_that_are_not_heeded_are_refused() -> None:
    request = CheckRequest("", {}, {"profile": PropertyValue("lab")}, b"")
    (failure,) = asyncio.run(StandIn().check_config(request)).failures or []
    assert failure.property == "profile"
