from pathlib import Path

from omics_provider.emulator.execution.inputs import located

WDL = """
version 1.0
workflow wf {
  input {
    File reads
    File reference = "s3://refs/hg38.fa"
    File? extra
    Array[File] others = ["s3://refs/a", "s3://refs/b"]
    String note = "s3://stays/a/text"
  }
  call task1 { input: reads = reads }
}
task task1 {
  input { File reads  File tool = "s3://refs/tool" }
  command {}
}
"""


def paths(tmp_path, **given):
    (tmp_path / "main.wdl").write_text(WDL)
    return located(tmp_path, "main.wdl", given, lambda uri: Path("/here", uri[5:]))


def test_files_that_the_workflow_names_itself_are_fetched_too(tmp_path):
    assert paths(tmp_path, reads="s3://in/r.fq") == {
        "reads": "/here/in/r.fq",
        "reference": "/here/refs/hg38.fa",
        "others": ["/here/refs/a", "/here/refs/b"],
        "task1.tool": "/here/refs/tool",
    }


def test_what_the_run_names_goes_before_it(tmp_path):
    given = {"wf.reference": "s3://in/own.fa", "reads": "s3://in/r.fq", "others": []}
    found = paths(tmp_path, **given, **{"task1.tool": "s3://in/tool"})
    assert found == {
        "wf.reference": "/here/in/own.fa",
        "reads": "/here/in/r.fq",
        "others": [],
        "task1.tool": "/here/in/tool",
    }
