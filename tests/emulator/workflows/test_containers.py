"""Images of a WDL's tasks, read from its text and made whole by parameters."""

from __future__ import annotations

from pathlib import Path

import pytest
import WDL

from omics_provider.emulator.workflows import containers

_TASK = """
task t {
  input { String docker = "default:1"  Int n = 1 }
  String tag = "2"
  command { }
  runtime { %s }
}
"""


def read(
    workflow: str, runtime: str, folder: Path, **more: str
) -> dict[str, list[containers.Parts]]:
    for name, text in more.items():
        (folder / f"{name}.wdl").write_text(text)
    main = folder / "main.wdl"
    imports = "".join(f'import "{name}.wdl"\n' for name in more)
    main.write_text(f"version 1.0\n{imports}{workflow}\n{_TASK % runtime}")
    document = WDL.load(str(main))
    return containers.read(document.workflow)


@pytest.mark.parametrize(
    ("workflow", "runtime", "parameters", "found"),
    [
        ("workflow w { call t }", 'docker: "a:1"', {}, ["a:1"]),
        ("workflow w { call t }", 'container: "a:1"', {}, ["a:1"]),
        ("workflow w { call t }", "docker: docker", {}, ["default:1"]),
        ('workflow w { call t { input: docker = "b:1" } }', "docker: docker", {}, ["b:1"]),
        ("workflow w { call t }", 'docker: "a:~{tag}"', {}, ["a:2"]),
        ("workflow w { call t }", 'docker: "a:" + tag', {}, ["a:2"]),
        (
            'workflow w { input { String d = "c:1" } call t { input: docker = d } }',
            "docker: docker", {}, ["c:1"],
        ),
        (
            'workflow w { input { String d = "c:1" } call t { input: docker = d } }',
            "docker: docker", {"d": "given:1"}, ["given:1"],
        ),
        (
            'workflow w { input { String base } String d = base + "/x:1" '
            "scatter (i in range(2)) { call t { input: docker = d } } }",
            "docker: docker", {"base": "host"}, ["host/x:1"],
        ),
        ("workflow w { input { String? d } call t { input: docker = select_first([d, \"x\"]) } }",
         "docker: docker", {"d": "given:1"}, []),
        ("workflow w { call t }", "docker: \"a:~{n}\"", {}, []),
        ("workflow w { call t }", "cpu: 1", {}, []),
    ],
)  # fmt: skip
def test_images_of_a_call(
    tmp_path: Path, workflow: str, runtime: str, parameters: dict[str, str], found: list[str]
) -> None:
    kept = read(workflow, runtime, tmp_path)
    assert containers.names(kept.get("t", []), parameters) == found


def test_images_of_a_called_workflow(tmp_path: Path) -> None:
    inner = """version 1.0
    workflow inner {
      input { String d  String e = "e:1" }
      call one { input: docker = d }
      if (true) { call one as two { input: docker = e } }
    }
    task one { input { String docker } command { } runtime { docker: docker } }
    """
    workflow = "workflow w { input { String d } call sub.inner { input: d = d } call t }"
    kept = read(workflow, 'docker: "a:1"', tmp_path, sub=inner)
    assert containers.names(kept["inner"], {"d": "given:1"}) == ["given:1", "e:1"]
    assert containers.names(kept["t"], {}) == ["a:1"]
