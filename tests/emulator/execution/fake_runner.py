"""Stands for the runner: does what the run's input `does` says, without any container."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path


class Cancelled(Exception):
    pass


def main(folder):
    job = json.loads((folder / "job.json").read_bytes())
    signal.signal(signal.SIGTERM, cancel)
    try:
        result = done(folder, job)
    except Cancelled:
        result = {"status": "CANCELLED", "outputs": {}}
    part = folder / "result.part"
    part.write_text(json.dumps(result))
    part.rename(folder / "result.json")


def cancel(*_):
    raise Cancelled


def done(folder, job):
    (folder / "logs").mkdir()
    (folder / "logs" / "engine.log").write_text(f"{job['name']} begins\n")
    inputs, does = job["inputs"], job["inputs"].get("does", "")
    texts = []
    for number, path in enumerate(inputs.get("files", [])):
        if "seen" in does:
            tell(folder, f"count-{number}", "PENDING", image=str(job["images"]))
        work(folder, f"count-{number}")
        texts.append(Path(path).read_text())
    if "sleep" in does:
        tell(folder, "sleeps", "RUNNING")
        child = subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL)
        (folder / "child").write_text(str(child.pid))
        child.wait()
    if job["cache"]:
        entry = Path(job["cache"], "caches", "entry")
        tell(folder, "caches", "PENDING", cached=entry.exists())
        tell(folder, "caches", "COMPLETED", cached=entry.exists())
        entry.mkdir(parents=True, exist_ok=True)
    if "exit 3" in does:
        return failed(folder)
    while does.startswith("wait") and not Path(does.partition(" ")[2]).exists():
        time.sleep(0.05)
    place = folder / "out" / "all" / "all.txt"
    place.parent.mkdir(parents=True)
    place.write_text("".join(texts))
    if "link" in does:
        place.unlink()
        place.symlink_to("/etc/hostname")
    outputs = {"wf.all": "out/all/all.txt", "wf.many": len(texts)}
    (folder / "logs" / "outputs.json").write_text(json.dumps(outputs))
    return {"status": "COMPLETED", "outputs": outputs}


def work(folder, name):
    for status in ("PENDING", "STARTING", "RUNNING", "COMPLETED"):
        tell(folder, name, status, metrics={"cpusAverage": 0.5} if status == "COMPLETED" else None)


def failed(folder):
    log = folder / "task.log"
    log.write_text("counting\nno such sample: NA12878\n")
    tell(folder, "breaks", "RUNNING")
    tell(
        folder, "breaks", "FAILED", exitCode=3, failureReason="RUN_TASK_FAILED",
        message="Task breaks exited with 3.", log=str(log),
    )  # fmt: skip
    message = "task breaks failed with exit status 3"
    return {"status": "FAILED", "failureReason": "RUN_TASK_FAILED", "statusMessage": message}


def tell(folder, name, status, **more):
    event = {
        "event": "task", "id": name, "name": name, "status": status, "time": time.time(),
        "cpus": 2, "memoryGiB": 4, "cached": False, "attempt": 1, **more,
    }  # fmt: skip
    with (folder / "events.jsonl").open("a") as file:
        file.write(json.dumps(event) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
