import json

import pytest

GROUP = "/aws/omics/WorkflowLog"


def settle(cloud):
    """Under mock_aws the service writes its traces with the next call that it gets."""
    if cloud.door == "mock_aws":
        cloud.client().list_runs()


def streams(cloud):
    settle(cloud)
    logs = cloud.other("logs")
    if not logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]:
        return {}
    names = [
        each["logStreamName"]
        for each in logs.describe_log_streams(logGroupName=GROUP)["logStreams"]
    ]
    return {
        name: [
            event["message"]
            for event in logs.get_log_events(
                logGroupName=GROUP, logStreamName=name, startFromHead=True
            )["events"]
        ]
        for name in names
    }


def objects(cloud):
    settle(cloud)
    listed = cloud.other("s3").list_objects_v2(Bucket="bucket-one").get("Contents", [])
    return {entry["Key"] for entry in listed}


def test_a_completed_run_leaves_logs_a_manifest_and_files(cloud, run):
    omics = cloud.client()
    started = run()
    cloud.advance(10)
    ended = omics.get_run(id=started["id"])
    found = streams(cloud)
    manifest = [json.loads(line) for line in found[f"manifest/run/{ended['id']}/{ended['uuid']}"]]
    tasks = omics.list_run_tasks(id=ended["id"])["items"]
    assert set(found) == {
        f"run/{ended['id']}",
        f"manifest/run/{ended['id']}/{ended['uuid']}",
        *(f"run/{ended['id']}/task/{task['taskId']}" for task in tasks),
    }
    assert ended["logLocation"]["runLogStream"].endswith(f"{GROUP}:log-stream:run/{ended['id']}")
    assert manifest[0]["arn"] == ended["arn"]
    assert manifest[0]["status"] == "COMPLETED"
    assert manifest[0]["parameters"] == {"reads": "s3://bucket-one/reads"}
    assert manifest[0]["metrics"]["runningSeconds"] > 0
    assert [entry["name"] for entry in manifest[1:]] == ["map", "count-0", "count-1"]
    assert {"cpusReserved", "memoryMaximumGiB", "runningSeconds"} <= set(manifest[1]["metrics"])
    base = ended["runOutputUri"].removeprefix("s3://bucket-one/")
    assert objects(cloud) == {
        f"{base}/logs/outputs.json", f"{base}/logs/engine.log", f"{base}/out/bam/bam.txt",
    }  # fmt: skip
    body = cloud.other("s3").get_object(Bucket="bucket-one", Key=f"{base}/logs/outputs.json")
    outputs = json.load(body["Body"])
    assert outputs == {
        "Align.bam": f"{ended['runOutputUri']}/out/bam/bam.txt",
        "Align.total": 1,
    }


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_a_run_that_did_not_complete_exports_no_results(cloud, run, end):
    omics = cloud.client()
    started = run(tags={"emulator:fails": "RUN_TASK_FAILED"} if end == "failed" else {})
    cloud.advance(2)
    if end == "cancelled":
        omics.cancel_run(id=started["id"])
    cloud.advance(10)
    found = streams(cloud)
    (manifest,) = [lines for name, lines in found.items() if name.startswith("manifest/")]
    assert json.loads(manifest[0])["status"] == end.upper()
    base = started["runOutputUri"].removeprefix("s3://bucket-one/")
    assert objects(cloud) == ({f"{base}/logs/engine.log"} if end == "failed" else set())


def test_no_logs_where_the_run_wants_none(cloud, run):
    run(logLevel="OFF")
    cloud.advance(10)
    assert streams(cloud) == {}
    assert len(objects(cloud)) == 2


def test_a_deleted_run_leaves_its_traces(cloud, run):
    omics = cloud.client()
    started = run()
    cloud.advance(10)
    omics.delete_run(id=started["id"])
    assert f"manifest/run/{started['id']}/{started['uuid']}" in streams(cloud)
    assert len(objects(cloud)) == 3


def recorded(cloud, kind):
    """Lets events of a kind be recorded from now on, and gives what reads them."""
    events, logs = cloud.other("events"), cloud.other("logs")
    logs.create_log_group(logGroupName="/events")
    arn = logs.describe_log_groups(logGroupNamePrefix="/events")["logGroups"][0]["arn"]
    pattern = {"source": ["aws.omics"], "detail-type": [kind]}
    events.put_rule(Name="runs", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="runs", Targets=[{"Id": "logs", "Arn": arn.removesuffix(":*")}])
    return lambda: [
        json.loads(event["message"])
        for stream in logs.describe_log_streams(logGroupName="/events")["logStreams"]
        for event in logs.get_log_events(
            logGroupName="/events", logStreamName=stream["logStreamName"]
        )["events"]
    ]


def test_each_state_is_an_event(cloud, run):
    recording = recorded(cloud, "Run Status Change")
    omics = cloud.client()
    started = run()
    for _ in range(12):
        cloud.advance(0.5)
        omics.list_runs()
    found = recording()
    statuses = {event["detail"]["status"] for event in found}
    assert len(found) == len(statuses) == 5
    assert statuses == {"PENDING", "STARTING", "RUNNING", "STOPPING", "COMPLETED"}
    detail = found[0]["detail"]
    assert detail["runId"] == started["id"]
    assert detail["uuid"] == started["uuid"]
    assert set(detail) == {
        *("omicsVersion", "arn", "status", "uuid", "runId", "runName", "runOutputUri"),
        *("workflowId", "workflowName"),
    }


def test_a_topic_hears_of_ended_runs_whatever_else_the_rules_feed(cloud, run):
    events, sns, sqs = cloud.other("events"), cloud.other("sns"), cloud.other("sqs")
    topic = sns.create_topic(Name="ended")["TopicArn"]
    queue = sqs.create_queue(QueueName="ended")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"])
    everything = {"source": ["aws.omics"]}
    ended = {"detail-type": ["Run Status Change"], "detail": {"status": ["COMPLETED", "FAILED"]}}
    events.put_rule(Name="all", EventPattern=json.dumps(everything))
    events.put_rule(Name="ended", EventPattern=json.dumps({**everything, **ended}))
    # Nothing of moto stands behind it: it hears nothing, and keeps nobody else from hearing.
    function = "arn:aws:lambda:us-east-1:123456789012:function:nobody"
    events.put_targets(Rule="all", Targets=[{"Id": "function", "Arn": function}])
    events.put_targets(Rule="ended", Targets=[{"Id": "topic", "Arn": topic}])
    started = run()
    cloud.advance(10)
    assert cloud.client().get_run(id=started["id"])["status"] == "COMPLETED"
    settle(cloud)
    found = [
        json.loads(json.loads(message["Body"])["Message"])
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    ]
    assert [(each["detail"]["status"], each["detail"]["runId"]) for each in found] == [
        ("COMPLETED", started["id"])
    ]
    assert found[0]["time"].endswith("Z")


def test_an_event_in_a_queue_has_all_that_events_have(cloud, run):
    events, sqs = cloud.other("events"), cloud.other("sqs")
    queue = sqs.create_queue(QueueName="all")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    events.put_rule(Name="all", EventPattern=json.dumps({"source": ["aws.omics"]}))
    shaped = {"InputPathsMap": {"run": "$.detail.runId"}, "InputTemplate": '{"it": "<run>"}'}
    targets = [
        {"Id": "whole", "Arn": attributes["QueueArn"]},
        {"Id": "shaped", "Arn": attributes["QueueArn"], "InputTransformer": shaped},
    ]
    events.put_targets(Rule="all", Targets=targets)
    started = run()
    settle(cloud)
    found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    bodies = [json.loads(message["Body"]) for message in found]
    whole = [body for body in bodies if "it" not in body]
    assert set(whole[0]) == {
        *("version", "id", "detail-type", "source", "account", "time", "region", "resources"),
        "detail",
    }
    assert whole[0]["account"] == "123456789012"
    assert whole[0]["resources"] == [started["arn"]]
    assert whole[0]["time"].endswith("Z")
    assert {"it": started["id"]} in bodies
