"""An outage is told once when it begins and once when it is over."""

from structlog.testing import capture_logs

from server.outage import Outage


def test_an_outage_is_told_when_it_begins_and_when_it_is_over_and_not_in_between() -> None:
    outage = Outage("nobody is heard")
    with capture_logs() as logs:
        outage.over()
        for _ in range(3):
            outage.met(OSError("refused"))
        outage.over()
        outage.over()
        outage.met(OSError("again"))
    assert [one["event"] for one in logs] == ["nobody is heard", "over", "nobody is heard"]
