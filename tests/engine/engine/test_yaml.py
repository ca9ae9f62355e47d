"""Programs in YAML: the engine that the set-up finds or makes brings their language host."""

from __future__ import annotations

import json

from tests.engine.harness import PROJECT, Stack

PROGRAM = """
variables:
  samples: [NA12878, NA12891]
outputs:
  first: ${samples[0]}
  list:
    fn::join: [" ", "${samples}"]
"""


def test_a_program_in_yaml_runs(stack: Stack) -> None:
    (stack.home / "__main__.py").unlink()
    (stack.home / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: yaml\n{PROGRAM}")
    stack.up()
    outputs = json.loads(stack.pulumi("stack", "output", "--json").stdout)
    assert outputs == {"first": "NA12878", "list": "NA12878 NA12891"}
