"""The AWS Price List of HealthOmics, service AmazonOmics, from this package's prices.json.

Where an entry has its price, its unit and the kind of resource is that of the service
(docs/behaviours.md); what else an entry says is the emulator's own.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, ClassVar, Final

from omics_provider.emulator.protocol import pages
from omics_provider.emulator.protocol.exceptions import ServiceError, ValidationException
from omics_provider.emulator.protocol.model import service_model
from omics_provider.emulator.protocol.validation import validate
from omics_provider.emulator.protocol.wire import HttpAnswer, json_answer, parse_value
from omics_provider.emulator.runs.tasks import SIZES

_SERVICE: Final = "AmazonOmics"
_FORMAT: Final = "aws_v1"
_STORAGE: Final = {"DYNAMIC": "Dynamic Run Storage", "STATIC": "Run Storage"}
#: Codes of a price on demand and of its rate, the same in every list of AWS.
_TERM, _RATE = "JRTCKXETXF", "6YS6EN2CT7"
_MEDIA: Final = {"Content-Type": "application/x-amz-json-1.1"}


class _PricingError(ServiceError):
    status: ClassVar[int] = 400


class InvalidParameterException(_PricingError):
    """The request breaks a rule of the API."""


class InvalidNextTokenException(_PricingError):
    """A token that no answer gave."""


class NotFoundException(_PricingError):
    """There is no such service or attribute."""


class NotEmulatedException(_PricingError):
    """An operation of the Price List that the emulator does not have."""

    status = 501


def answer(operation: str, body: bytes) -> HttpAnswer:
    """Answer a call of the Price List; `operation` is what its target names."""
    try:
        handler = _HANDLERS.get(operation)
        if handler is None:
            raise NotEmulatedException(
                f"The emulator does not have {operation or 'this'} of pricing. It has"
                f" {', '.join(_HANDLERS)}, for {_SERVICE}."
            )
        return json_answer(200, handler(_parsed(operation, body)), **_MEDIA)
    except ServiceError as error:
        document = {"__type": error.code, "message": error.message}
        return json_answer(error.status, document, **_MEDIA)


def _parsed(operation: str, body: bytes) -> dict[str, Any]:
    shape = service_model("pricing").shape_for(f"{operation}Request")
    try:
        params: dict[str, Any] = parse_value(shape, json.loads(body or b"{}"), operation)
        validate(shape, params)
    except (ValueError, ValidationException) as error:
        raise InvalidParameterException(str(error)) from error
    if params.get("FormatVersion", _FORMAT) != _FORMAT:
        raise InvalidParameterException(f"FormatVersion is {_FORMAT}.")
    if params.get("ServiceCode", _SERVICE) != _SERVICE:
        raise NotFoundException(f"The emulator has the prices of {_SERVICE} alone.")
    return params


def _describe_services(params: Mapping[str, Any]) -> dict[str, Any]:
    names = sorted({name for product in _products() for name in _fields(product)})
    services = [{"ServiceCode": _SERVICE, "AttributeNames": names}]
    return {**_paged("Services", services, params), "FormatVersion": _FORMAT}


def _get_products(params: Mapping[str, Any]) -> dict[str, Any]:
    asked = params.get("Filters", ())
    found = [
        json.dumps(product)
        for product in _products()
        if all(_fits(_fields(product), each) for each in asked)
    ]
    return {**_paged("PriceList", found, params), "FormatVersion": _FORMAT}


def _get_attribute_values(params: Mapping[str, Any]) -> dict[str, Any]:
    name = params["AttributeName"]
    values = sorted({_fields(each)[name] for each in _products() if name in _fields(each)})
    if not values:
        raise NotFoundException(f"{_SERVICE} has no attribute {name}.")
    return _paged("AttributeValues", [{"Value": value} for value in values], params)


_HANDLERS: Final[dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    "DescribeServices": _describe_services,
    "GetProducts": _get_products,
    "GetAttributeValues": _get_attribute_values,
}


def _fields(product: Mapping[str, Any]) -> dict[str, str]:
    """Give what filters and DescribeServices see of a product."""
    own = product["product"]
    return {"productFamily": own["productFamily"], **own["attributes"]}


def _fits(fields: Mapping[str, str], asked: Mapping[str, str]) -> bool:
    value = asked["Value"]
    if asked["Field"].lower() == "servicecode":
        here: str | None = _SERVICE
    else:
        here = fields.get(asked["Field"])
    if here is None:
        return False
    listed = [each.strip() for each in value.split(",")]
    return {
        "TERM_MATCH": here == value,
        "EQUALS": here == value,
        "CONTAINS": value in here,
        "ANY_OF": here in listed,
        "NONE_OF": here not in listed,
    }[asked["Type"]]


def _paged(member: str, found: Sequence[Any], params: Mapping[str, Any]) -> dict[str, Any]:
    try:
        shown, token = pages.of_numbered(enumerate(found, 1), params, "MaxResults", "NextToken")
    except ValidationException as error:
        raise InvalidNextTokenException(error.message) from error
    return {member: shown, **({} if token is None else {"NextToken": token})}


@cache
def _products() -> tuple[dict[str, Any], ...]:
    text = files("omics_provider").joinpath("prices.json").read_text("utf-8")
    return tuple(_all(json.loads(text)))


def _all(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for region, parts in document["regions"].items():
        shared = {"regionCode": region, "location": parts["location"]}
        private, ready = parts["private"], parts["ready2run"]
        own = {**shared, "workflowType": "Private"}
        for family, hourly in private["vcpuHour"].items():
            for size, vcpus in SIZES.items():
                attributes = {**own, "resourceType": f"{family}.{size}"}
                usd = hourly * vcpus
                yield _product("Compute", attributes, "Instance-hrs", usd, private["date"])
        for kind, hourly in private["storageGiBHour"].items():
            attributes = {**own, "resourceType": _STORAGE[kind]}
            yield _product("Compute", attributes, "GB-Hours", hourly, private["date"])
        for workflow, usd in ready["perRun"].items():
            name = document["ready2run"]["workflows"][workflow]["name"]
            attributes = {**shared, "workflowType": "Ready2Run", "resourceType": name}
            yield _product("Ready2Run Workflows", attributes, "Runs", usd, ready["date"])


def _product(
    family: str, own: Mapping[str, str], unit: str, usd: float, date: str
) -> dict[str, Any]:
    """Give an entry of the list, dated as the price is."""
    name = f"{own['regionCode']}/{own['resourceType']}"
    sku = base64.b32encode(hashlib.sha256(name.encode()).digest()[:10]).decode()
    attributes = {
        "servicecode": _SERVICE,
        "servicename": "AWS HealthOmics",
        "locationType": "AWS Region",
        "usagetype": f"{own['regionCode']}-{own['resourceType']}",
        "operation": own["workflowType"],
        **own,
    }
    rate = {
        "unit": unit,
        "endRange": "Inf",
        "description": f"${usd:.7g} per {unit} for {own['resourceType']}",
        "appliesTo": [],
        "rateCode": f"{sku}.{_TERM}.{_RATE}",
        "beginRange": "0",
        "pricePerUnit": {"USD": f"{usd:.10f}"},
    }
    day = f"{date}T00:00:00Z"
    term = {
        "priceDimensions": {rate["rateCode"]: rate},
        "sku": sku,
        "effectiveDate": day,
        "offerTermCode": _TERM,
        "termAttributes": {},
    }
    return {
        "product": {"productFamily": family, "attributes": attributes, "sku": sku},
        "serviceCode": _SERVICE,
        "terms": {"OnDemand": {f"{sku}.{_TERM}": term}},
        "version": date.replace("-", "") + "000000",
        "publicationDate": day,
    }
