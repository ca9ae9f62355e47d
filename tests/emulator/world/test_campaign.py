from tests.emulator.campaign import forbidden_moves, run


def test_a_short_campaign_loses_nothing(tmp_path):
    report = run(tmp_path, processes=3, calls=600, seed=7)
    assert report.problems == []
    assert report.calls >= 600
    assert sum(report.kills.values()) > 0
    assert report.acknowledged > 30
    assert report.observations > 30


def look(status, moment):
    return {"uuid": "a", "status": status, "began": moment, "ended": moment + 0.5}


def test_the_judge_sees_forbidden_moves():
    good = [look("PENDING", 1), look("RUNNING", 2), look("STOPPING", 3), look("COMPLETED", 4)]
    assert list(forbidden_moves(good)) == []
    assert list(forbidden_moves([look("RUNNING", 2), look("PENDING", 3)]))
    assert list(forbidden_moves([look("COMPLETED", 2), look("CANCELLED", 3)]))
    assert list(forbidden_moves([look("CANCELLED", 2), look("STOPPING", 3)]))
    overlapping = [look("RUNNING", 2), look("STARTING", 1.9)]
    assert list(forbidden_moves(overlapping)) == []
