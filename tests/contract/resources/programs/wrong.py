"""A mistake on each line that ends so: type checkers report each of them, and nothing else."""

from pulumi import Output, ResourceOptions

from omics_provider import (
    OmicsRun,
    OmicsRunBatch,
    OmicsRunCache,
    OmicsRunGroup,
    OmicsWorkflow,
    Retry,
    RunCohort,
    RunTemplate,
    wait_all,
)

keep = ResourceOptions()

OmicsRun("run", output_uri="s3://b/r", workflow_id="1")  # wrong
OmicsRun("run", role_arn="r", output_uri="s3://b/r", workflow_idd="1")  # wrong
OmicsRun("run", role_arn="r", output_uri="s3://b/r", workflowId="1")  # wrong
OmicsRun("run", role_arn="r", output_uri="s3://b/r", priority="7")  # wrong
OmicsRun("run", role_arn="r", output_uri="s3://b/r", workflow_type="ready2run")  # wrong
OmicsRun("run", role_arn="r", output_uri="s3://b/r", storage_type="FAST")  # wrong
OmicsRun("run", role_arn="r", output_uri="s3://b/r", on_delete="DELETE")  # wrong
OmicsRun("run", role_arn="r", output_uri="s3://b/r", log_level="WARN")  # wrong
OmicsRun("run", role_arn="r", output_uri="s3://b/r", retry={"attempt": 3})  # wrong
OmicsRun("run", role_arn="r", output_uri="s3://b/r", rerun_on=["FAILD"])  # wrong
OmicsRun("run", role_arn="r", output_uri="s3://b/r", parameters=["a"])  # wrong
OmicsRun("run", role_arn="r", output_uri="s3://b/r", preflight="never")  # wrong
OmicsRun("run", "s3://b/r", role_arn="r", output_uri="s3://b/r")  # wrong
OmicsRun("run", keep, "r", role_arn="r", output_uri="s3://b/r")  # wrong
OmicsRun(role_arn="r", output_uri="s3://b/r")  # wrong
OmicsRunGroup("group", max_gpu=1)  # wrong
OmicsRunCache("cache", cache_behavior="CACHE_ALWAYS")  # wrong
OmicsWorkflow("workflow", definition="w", engine="SNAKEMAKE")  # wrong
OmicsRunBatch("batch", workflow_id="1")  # wrong
OmicsRunBatch("batch", samples="s.csv", on_change="some")  # wrong
OmicsRunBatch("batch", samples="s.csv", template={"run_tag": {}})  # wrong
OmicsRunBatch("batch", samples="s.csv", overrides={"NA1": {"storage_type": "STATIC"}})  # wrong
RunCohort("cohort", template={})  # wrong
RunCohort("cohort", samples="s.csv", template={"workflow": "1"})  # wrong
RunCohort("cohort", samples="s.csv", overrides={"NA1": {"priority": "high"}})  # wrong
RunCohort("cohort", samples="s.csv", name="all")  # wrong

retry: Retry = {"on": ["SERVICE_ERROR"]}  # wrong
template: RunTemplate = {"retention_mode": "KEEP"}  # wrong

run = OmicsRun("run", role_arn="r", output_uri="s3://b/r", workflow_id="1")
priority: Output[str] = run.priority  # wrong
run.outputUri  # wrong  # noqa: B018
wait_all([OmicsRunGroup("group")])  # wrong
run.wait(on_failure="ignore")  # wrong
