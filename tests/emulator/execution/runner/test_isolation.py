import pytest

from .jobs import make, needs_containers

pytestmark = needs_containers

LOOKS = """
version 1.0
workflow looks {
  input { File secret }
  call look { input: secret = secret }
  output { File seen = look.seen }
}
task look {
  input { File secret }
  command <<<
    (
    id -u
    cat /proc/net/dev | grep -c :
    for place in / /usr /etc; do touch $place/mine 2>/dev/null && echo "wrote $place"; done
    echo more >> ~{secret} 2>/dev/null && echo "wrote the input"
    [ -e FOLDER/beside.txt ] && echo "saw a file beside the input"
    ls -d /proc/[0-9]* | wc -l | awk '$1 > 9 { print "saw other processes" }'
    [ -s /etc/shadow ] && echo "read the passwords"
    find /etc/ssh /root /home -mindepth 1 | grep -q . && echo "saw a secret"
    touch /tmp/mine && echo tmp
    ) 2>/dev/null > seen.txt
  >>>
  output { File seen = "seen.txt" }
  runtime { docker: "x" }
}
"""


@pytest.fixture
def seen(tmp_path):
    for name in ("secret.txt", "beside.txt"):
        (tmp_path / name).write_text("as it was\n")
    wdl = LOOKS.replace("FOLDER", str(tmp_path))
    job = make(tmp_path / "job", wdl, {"secret": str(tmp_path / "secret.txt")})
    assert job.run()["status"] == "COMPLETED", job.result
    return (job.folder / "out/seen/seen.txt").read_text().splitlines()


def test_a_task_has_its_work_folder_and_nothing_else(seen, tmp_path):
    # Root inside, the loopback alone, and /tmp to write to.
    assert seen == ["0", "1", "tmp"]
    assert (tmp_path / "secret.txt").read_text() == "as it was\n"
    assert not list((tmp_path / "job").rglob("mine"))
