// The runs of this project: one for each sample of the sheet.
import * as pulumi from "@pulumi/pulumi";
import * as omics from "pulumi-omics";

const config = new pulumi.Config("cohort");
const cohort = new omics.RunCohort(config.require("name"), {
    samples: config.get("samples") ?? "samples.csv",
    template: {
        workflowId: config.require("workflowId"),
        workflowType: config.get<omics.WorkflowType>("workflowType") ?? "PRIVATE",
        roleArn: config.require("roleArn"),
        outputUri: config.require("outputUri"),
        onDelete: config.get<omics.OnDelete>("onDelete") ?? "delete",
        // The update ends when the runs have ended.
        waitForCompletion: true,
        tags: { project: pulumi.getProject(), stack: pulumi.getStack() },
    },
    // What the workflow's parameters take from the sheet. A sample may have several rows, one for
    // each pair of FASTQ files.
    parameters: {
        sample_name: "{sample_name}",
        fastq_pairs: {
            eachRow: {
                read_group: "{read_group}",
                fastq_1: "{fastq_1}",
                fastq_2: "{fastq_2}",
                platform: "{platform}",
            },
        },
    },
});

export const runs = cohort.runs;
