"""The samples of sheet.csv, declared in the way that the stack's config says."""

import pulumi

from omics_provider import OmicsRun, OmicsRunBatch, RunCohort

config = pulumi.Config("bench")
way = config.require("way")
shared = {
    "role_arn": "arn:aws:iam::123456789012:role/omics",
    "output_uri": "s3://results/cohort",
    "workflow_id": config.require("workflow"),
}

if way == "OmicsRun":
    with open("sheet.csv") as file:
        names, *lines = (line.rstrip("\n").split(",") for line in file)
    for cells in lines:
        row = dict(zip(names, cells, strict=True))
        OmicsRun(row["sample"], name=row["sample"], parameters=row, **shared)
elif way == "RunCohort":
    RunCohort("cohort", samples="sheet.csv", **shared)
elif way == "OmicsRunBatch":
    uri = config.require("settings")
    OmicsRunBatch("cohort", samples="sheet.csv", settings_uri=uri, **shared)
else:
    pulumi.export("nothing", way)
