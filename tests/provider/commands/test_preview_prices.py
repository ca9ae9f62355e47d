"""A report's prices: AWS's own where they can be had, else the package's, and it says so."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from omics_provider.base.settings import Settings
from omics_provider.commands.preview import live, lookup
from omics_provider.commands.preview.data import Facts, PreviewReport, preview_report
from omics_provider.commands.preview.lookup import looked_up
from omics_provider.commands.preview.prices import price_list
from omics_provider.commands.preview.rules.plan import read_plan
from tests.preview_digests import digest, inputs, step
from tests.provider.harness import REGION
from tests.served import Served

NOW = datetime(2100, 1, 1, tzinfo=UTC)
#: A list that knows the workflows' names and no price.
NO_PRICES = {**price_list(), "regions": {}}
ONE = step("create", "NA12878", new=inputs())


@pytest.fixture
def place(server_anew: Served, monkeypatch: pytest.MonkeyPatch) -> Settings:
    # A loaded machine takes its time.
    monkeypatch.setattr(live, "_LONGEST_SECONDS", 60.0)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return Settings(region=REGION, endpoint=server_anew.url)


def reported(place: Settings, listed: Any, *steps: Any) -> PreviewReport:
    plan = read_plan(digest(*(steps or (ONE,))))
    return preview_report(plan, looked_up(place, plan, listed, NOW), listed)


def cost(report: PreviewReport) -> tuple[Any, str]:
    (found,) = report.estimates.values()
    return found.usd, found.usd_source


def test_the_price_list_is_asked(place: Settings) -> None:
    report = reported(place, NO_PRICES)
    assert cost(report) == ((10, 10), "price list of 2026-09-01")
    assert report.gaps == ()


def test_of_a_region_that_aws_has_no_prices_of_the_package_s_hold(place: Settings) -> None:
    ireland = Settings(region="eu-west-1", endpoint=place.endpoint)
    report = reported(ireland, price_list())
    assert cost(report) == (None, "the price list has no eu-west-1")
    assert report.gaps == (
        "prices: AWS's Price List has none of HealthOmics in eu-west-1: the prices of this package"
        " apply.",
    )


def answering(status: str, body: bytes) -> Iterator[str]:
    """A server that gives every request one answer; None of it where `status` is empty."""
    listening = socket.create_server(("127.0.0.1", 0))
    answer = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"

    def serve() -> None:
        kept = []
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            connection.recv(65536)
            if status:
                connection.sendall(answer.encode() + body)
                connection.close()
            else:
                kept.append(connection)

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    listening.close()


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (
            "400 Bad",
            {"__type": "AccessDeniedException", "message": "no"},
            "the caller has no right to it; allow pricing:GetProducts",
        ),
        ("500 Bad", {"__type": "InternalErrorException", "message": "down"}, "down"),
        ("200 OK", {"Other": []}, "the connection ended in the middle of the answer"),
        ("200 OK", {"PriceList": ["{"]}, "an entry is not JSON"),
        ("", {}, "the connection ended without an answer"),
    ],
)
def test_what_keeps_prices_away_is_said_and_the_package_s_hold(
    place: Settings, monkeypatch: pytest.MonkeyPatch, status: str, body: Any, why: str
) -> None:
    served = answering(status, json.dumps(body).encode())
    broken = Settings(region=REGION, endpoint=next(served))
    monkeypatch.setattr(live, "products", lambda _, region: real(broken, region))
    report = reported(place, price_list())
    assert cost(report) == ((10, 10), "price list of 2026-09-01")
    (gap,) = report.gaps
    assert gap.startswith("prices (GetProducts failed: ")
    assert gap.endswith("): the prices of this package apply.")
    assert why in gap
    served.close()


real = live.products


def test_a_look_that_takes_too_long_is_not_waited_for(
    place: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()
    monkeypatch.setattr(live, "_LONGEST_SECONDS", 0.05)
    monkeypatch.setattr(live, "products", lambda *_: over.wait(60) and [])
    report = reported(place, price_list())
    over.set()
    assert cost(report)[0] == (10, 10)
    assert "GetProducts failed: it took longer than 0.05 s" in report.gaps[0]


def test_the_price_list_is_asked_only_where_it_counts(
    place: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    def asked(*_: Any) -> Any:
        raise AssertionError("the Price List was asked")

    monkeypatch.setattr(lookup, "PriceLook", asked)
    own = tmp_path / "prices.json"
    parts = '{"date": "2026-11-01", "perRun": {"9500764": 7}, "vcpuHour": {}, "storageGiBHour": {}}'
    own.write_text(f'{{"regions": {{"{REGION}": {{"ready2run": {parts}, "private": {parts}}}}}}}')
    report = reported(place, price_list(str(own)))
    assert cost(report) == ((7, 7), "price list of 2026-11-01")
    local = Settings(region=REGION, endpoint="local", local_state=str(tmp_path / "local.db"))
    assert cost(reported(local, price_list()))[0] == (10, 10)
    gone = step("delete", "NA1", old=inputs(), id="1", uuid="u", status="COMPLETED")
    reported(place, price_list(), gone)
    with pytest.raises(AssertionError):
        reported(place, price_list())


def test_offline_reports_ask_nothing() -> None:
    plan = read_plan(digest(ONE))
    assert preview_report(plan, Facts(REGION), price_list()).gaps == ()
