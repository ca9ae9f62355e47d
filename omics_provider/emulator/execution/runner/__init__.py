"""Executes one job, in a process of its own: `python -m omics_provider.emulator.execution.runner`.

The folder that it is given has job.json and definition/. It leaves events.jsonl, result.json, out/
and logs/ there.
"""
