"""The AWS Price List calls that clients make for HealthOmics, as the server answers them."""

import json

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.emulator.conftest import KEYS, SESSION

REGION = {"Type": "TERM_MATCH", "Field": "regionCode", "Value": "us-east-1"}


@pytest.fixture
def pricing(server):
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
    return SESSION.client(
        "pricing", region_name="us-east-1", endpoint_url=server.url, config=config, **KEYS
    )


def products(pricing, *filters):
    pages = pricing.get_paginator("get_products").paginate(
        ServiceCode="AmazonOmics", Filters=[REGION, *filters]
    )
    return [json.loads(item) for page in pages for item in page["PriceList"]]


def price(product):
    """The price as clients find it: the first dimension of the first term."""
    (term,) = product["terms"]["OnDemand"].values()
    (dimension,) = term["priceDimensions"].values()
    return dimension["unit"], float(dimension["pricePerUnit"]["USD"])


def of(field, value, kind="TERM_MATCH"):
    return {"Type": kind, "Field": field, "Value": value}


def test_the_service_is_described(pricing):
    for asked in ({}, {"ServiceCode": "AmazonOmics", "FormatVersion": "aws_v1"}):
        answer = pricing.describe_services(**asked)
        (service,) = answer["Services"]
        assert (service["ServiceCode"], answer["FormatVersion"]) == ("AmazonOmics", "aws_v1")
        assert {"regionCode", "resourceType", "workflowType", "location"} <= set(
            service["AttributeNames"]
        )
        assert answer["ResponseMetadata"]["RequestId"]


@pytest.mark.parametrize(
    ("resource", "unit", "usd"),
    [
        # Real prices, as users of the Price List have read them.
        ("omics.m.large", "Instance-hrs", 0.1296),
        ("omics.r.2xlarge", "Instance-hrs", 0.6804),
        ("omics.c.4xlarge", "Instance-hrs", 0.918),
        ("Dynamic Run Storage", "GB-Hours", 0.000411),
        ("Run Storage", "GB-Hours", 0.0001918),
    ],
)
def test_a_resource_has_its_price(pricing, resource, unit, usd):
    (found,) = products(pricing, of("resourceType", resource))
    assert found["product"]["productFamily"] == "Compute"
    assert found["product"]["attributes"]["workflowType"] == "Private"
    assert price(found) == (unit, pytest.approx(usd))
    (by_place,) = products(
        pricing, of("resourceType", resource), of("location", "US East (N. Virginia)")
    )
    assert by_place == found


def test_a_ready2run_workflow_has_the_price_of_a_run(pricing):
    found = products(pricing, of("workflowType", "Ready2Run"))
    assert len(found) == 36
    named = {each["product"]["attributes"]["resourceType"]: price(each)[1] for each in found}
    assert named["GATK-BP Germline fq2vcf for 30x genome"] == 10


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        (of("resourceType", "omics.m.", "CONTAINS"), 8),
        (of("resourceType", "omics.m.large, omics.c.large", "ANY_OF"), 2),
        (of("workflowType", "Ready2Run", "NONE_OF"), 26),
        (of("workflowType", "Private", "EQUALS"), 26),
        (of("ServiceCode", "AmazonOmics"), 62),
        (of("regionCode", "eu-west-1"), 0),
        (of("noSuchField", "x"), 0),
    ],
)
def test_products_are_filtered(pricing, asked, count):
    assert len(products(pricing, asked)) == count


def test_products_come_in_pages(pricing):
    whole = products(pricing)
    asked = {"ServiceCode": "AmazonOmics", "MaxResults": 25}
    sizes, token = [], {}
    while True:
        page = pricing.get_products(**asked, **token)
        sizes.append(len(page["PriceList"]))
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert sizes == [25, 25, 12]
    assert len(whole) == 62
    assert len({each["product"]["sku"] for each in whole}) == 62


def test_values_of_an_attribute(pricing):
    answer = pricing.get_attribute_values(ServiceCode="AmazonOmics", AttributeName="workflowType")
    assert answer["AttributeValues"] == [{"Value": "Private"}, {"Value": "Ready2Run"}]


@pytest.mark.parametrize(
    ("operation", "inputs", "code"),
    [
        ("get_products", {}, "InvalidParameterException"),
        ("get_products", {"ServiceCode": 5}, "InvalidParameterException"),
        ("get_products", {"ServiceCode": "AmazonEC2"}, "NotFoundException"),
        (
            "get_products",
            {"ServiceCode": "AmazonOmics", "MaxResults": 0},
            "InvalidParameterException",
        ),
        (
            "get_products",
            {"ServiceCode": "AmazonOmics", "FormatVersion": "v2"},
            "InvalidParameterException",
        ),
        (
            "get_products",
            {"ServiceCode": "AmazonOmics", "Filters": [of("a", "b", "LIKE")]},
            "InvalidParameterException",
        ),
        (
            "get_products",
            {"ServiceCode": "AmazonOmics", "NextToken": "LTU="},
            "InvalidNextTokenException",
        ),
        (
            "get_attribute_values",
            {"ServiceCode": "AmazonOmics", "AttributeName": "colour"},
            "NotFoundException",
        ),
        (
            "get_price_list_file_url",
            {"PriceListArn": "arn:aws:pricing:::price-list/a", "FileFormat": "json"},
            "NotEmulatedException",
        ),
    ],
)
def test_what_is_wrong_has_a_code(pricing, operation, inputs, code):
    with pytest.raises(ClientError) as caught:
        getattr(pricing, operation)(**inputs)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["Error"]["Message"]
