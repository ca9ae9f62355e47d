"""The page at `/`, in headless Chromium, which is spoken to over its own debugging pipe."""

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from tests.emulator.conftest import ROLE, World

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """A headless Chromium with one page."""

    def __init__(self, folder):
        to_read, self.to_write = os.pipe()
        self.from_read, to_answer = os.pipe()

        def hand_over():
            # Chromium reads its commands from descriptor 3 and answers on 4.
            read, answer = os.dup(to_read), os.dup(to_answer)
            os.dup2(read, 3)
            os.dup2(answer, 4)

        self.process = subprocess.Popen(
            [
                *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
                *("--disable-dev-shm-usage", f"--user-data-dir={folder}"),
                "--remote-debugging-pipe",
            ],
            preexec_fn=hand_over,
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_answer)
        self.number = 0
        self.buffer = b""
        self.session = None
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]

    def send(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return answer["result"]

    def receive(self):
        while b"\0" not in self.buffer:
            piece = os.read(self.from_read, 65536)
            assert piece, "Chromium has ended"
            self.buffer += piece
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def go(self, url):
        self.send("Page.navigate", url=url)

    def run(self, script):
        result = self.send("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def until(self, script):
        for _ in range(600):
            if self.run(script):
                return
            time.sleep(0.1)
        raise AssertionError(f"{script} stayed false:\n{self.run('document.body.innerText')}")

    def close(self):
        self.process.kill()
        self.process.wait(60)
        os.close(self.to_write)
        os.close(self.from_read)


@pytest.fixture
def browser(tmp_path):
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    opened = Browser(tmp_path / "profile")
    yield opened
    opened.close()


@pytest.fixture
def world(server):
    world = World("server", server.state, server.url)
    world.post("/_omics/reset", {})
    world.settings(speed=0)
    return world


def get(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as response:
        return response.headers["Content-Type"], response.read()


def test_a_browser_sees_the_page_and_s3_its_buckets(world):
    kind, body = get(world.url + "/", Accept="text/html,*/*")
    assert kind.startswith("text/html")
    assert b"HealthOmics emulator" in body
    assert world.other("s3").list_buckets()["Buckets"] == []


def test_a_page_from_elsewhere_may_not_control(world):
    elsewhere = urllib.request.Request(
        world.url + "/_omics/reset", b"{}", headers={"Origin": "https://example.org"}
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(elsewhere)
    assert caught.value.code == 403
    same = urllib.request.Request(
        world.url + "/_omics/settings", b"{}", headers={"Origin": world.url}
    )
    urllib.request.urlopen(same).close()


def test_runs_tasks_and_faults_on_the_page(world, browser):
    omics = world.client()
    browser.go(world.url + "/")
    browser.until("document.body && document.body.innerText.includes('No run yet.')")
    workflow = omics.create_workflow(name="<b>bold</b>", definitionUri="s3://b/w.zip")["id"]
    inputs = {"workflowId": workflow, "roleArn": ROLE, "outputUri": "s3://bucket"}
    good = omics.start_run(name="good", **inputs)
    omics.start_run(name="bad", tags={"emulator:fails": "OUT_OF_MEMORY_ERROR"}, **inputs)
    world.advance(60)
    browser.until("document.querySelectorAll('tr[data-run]').length === 2")
    text = browser.run("document.querySelector('#runs').innerText")
    assert f"{good['id']}\tgood\t<b>bold</b>\tCOMPLETED\t1 min" in text
    assert "FAILED OUT_OF_MEMORY_ERROR" in text
    browser.run(f"document.querySelector('tr[data-run=\"{good['uuid']}\"]').click()")
    browser.until("document.querySelectorAll('.lane').length === 5")
    assert "align: COMPLETED" in browser.run("document.querySelector('#lanes').innerText")
    lefts = browser.run("[...document.querySelectorAll('.bar')].map(bar => bar.offsetLeft)")
    assert lefts == sorted(lefts)
    assert lefts[0] < lefts[-1]
    browser.run(
        "const form = document.querySelector('#plan');"
        "form.operation.value = 'StartRun'; form.fault.value = 'throttle'; form.count.value = 2;"
        "form.querySelector('button').click()"
    )
    browser.until("document.querySelector('#faults').innerText.includes('StartRun: throttle 2')")
    with pytest.raises(omics.exceptions.ThrottlingException):
        omics.start_run(**inputs)
    browser.until("document.querySelector('#faults').innerText.includes('struck 1')")
    browser.run("document.querySelector('#faults button').click()")
    browser.until("document.querySelector('#faults').innerText.includes('No fault is planned')")
    omics.start_run(**inputs)
    browser.until("document.querySelectorAll('tr[data-run]').length === 3")


def test_a_phone_shows_the_whole_page(world, browser):
    omics = world.client()
    workflow = omics.create_workflow(name="w" * 40, definitionUri="s3://bucket/w.zip")["id"]
    omics.start_run(
        workflowId=workflow,
        name="a-fairly-long-name-of-a-sample-without-any-blank",
        tags={"emulator:fails": "OUT_OF_MEMORY_ERROR"},
        roleArn=ROLE,
        outputUri="s3://bucket/out",
    )
    world.advance(20)
    browser.send(
        "Emulation.setDeviceMetricsOverride",
        width=360,
        height=800,
        deviceScaleFactor=2,
        mobile=True,
    )
    browser.go(world.url + "/")
    browser.until("document.querySelectorAll('tr[data-run]').length > 0")
    browser.run("document.querySelector('tr[data-run]').click()")
    browser.until("document.querySelectorAll('.lane').length > 0")
    assert browser.run("document.documentElement.scrollWidth") <= 360
    assert "OUT_OF_MEMORY_ERROR" in browser.run("document.body.innerText")
