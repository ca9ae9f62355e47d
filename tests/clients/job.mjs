// The JavaScript SDK does a job: a run is started, waited for, and read. Prints what it saw.
import { createRequire } from "node:module";

const [folder, workflowId, roleArn, prefix] = process.argv.slice(2);
const sdk = createRequire(`${folder}/`)("@aws-sdk/client-omics");
const omics = new sdk.OmicsClient({
  endpoint: process.env.AWS_ENDPOINT_URL,
  region: process.env.AWS_REGION,
  disableHostPrefix: prefix === "off",
});
const seen = {};
const started = await omics.send(
  new sdk.StartRunCommand({
    workflowId,
    roleArn,
    name: "from-js",
    outputUri: "s3://bucket/out",
    parameters: { reads: "s3://bucket/reads.txt" },
    tags: { "emulator:seconds": "1" },
    requestId: "js-1",
  }),
);
seen.id = started.id;
seen.requestId = started.$metadata.requestId;
const waited = await sdk.waitUntilRunCompleted(
  { client: omics, maxWaitTime: 120, minDelay: 1, maxDelay: 1 },
  { id: started.id },
);
seen.waiter = waited.state;
const run = await omics.send(new sdk.GetRunCommand({ id: started.id }));
seen.status = run.status;
seen.isDate = run.stopTime instanceof Date;
seen.tasks = [];
for await (const page of sdk.paginateListRunTasks({ client: omics, pageSize: 1 }, { id: run.id })) {
  seen.tasks.push(...page.items.map((task) => task.name));
}
try {
  await omics.send(new sdk.GetRunCommand({ id: "9999999" }));
} catch (error) {
  seen.error = error.name;
  seen.isTyped = error instanceof sdk.ResourceNotFoundException;
}
console.log(JSON.stringify(seen));
