import shutil

import pytest

from .jobs import make, needs_containers

pytestmark = needs_containers

CHAIN = """
version 1.0
workflow chain {
  input { File text }
  call first { input: text = text }
  call second { input: text = first.upper }
  output { File upper = first.upper  File counted = second.counted }
}
task first {
  input { File text }
  command <<< tr a-z A-Z < ~{text} > upper.txt >>>
  output { File upper = "upper.txt" }
  runtime { docker: "lab/tr:1" cpu: 2 memory: "3 GiB" }
}
task second {
  input { File text }
  command <<< wc -l < ~{text} > counted.txt >>>
  output { File counted = "counted.txt" }
  runtime { docker: "lab/wc:1" }
}
"""


@pytest.fixture
def ran(tmp_path):
    """Runs the chain on a text in a folder of its own, with one cache for all."""

    def run(name, text, wdl=CHAIN):
        (tmp_path / name).mkdir()
        path = tmp_path / name / "text.txt"
        path.write_text(text)
        job = make(tmp_path / name / "job", wdl, {"text": str(path)}, cache=str(tmp_path / "cache"))
        assert job.run()["status"] == "COMPLETED", job.result
        return job

    return run


def cached(job):
    return {name: event["cached"] for name, event in job.ended().items()}


def test_a_task_with_the_same_inputs_is_not_run_again(ran):
    one = ran("one", "a\nb\n")
    assert cached(one) == {"first": False, "second": False}
    shutil.rmtree(one.folder)

    two = ran("two", "a\nb\n")
    assert cached(two) == {"first": True, "second": True}
    assert [event["status"] for event in two.events] == ["COMPLETED", "COMPLETED"]
    first = two.ended()["first"]
    assert (first["image"], first["cpus"], first["memoryGiB"]) == ("lab/tr:1", 2, 3)
    outputs = two.result["outputs"]
    assert outputs["chain.counted"] == "out/counted/counted.txt"
    assert (two.folder / outputs["chain.upper"]).read_text() == "A\nB\n"


def test_other_inputs_and_another_image_are_run(ran):
    ran("one", "a\nb\n")
    assert cached(ran("two", "c\n")) == {"first": False, "second": False}
    # The first task of another image gives the same file: the second one hits.
    changed = CHAIN.replace("lab/tr:1", "lab/tr:2")
    assert cached(ran("three", "a\nb\n", changed)) == {"first": False, "second": True}
