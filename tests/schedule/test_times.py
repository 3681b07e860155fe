"""`--at`, a bot's own minute, what cron writes, and time zones."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tweetbot.schedule.times import A_DAY, At, cron_fields, distance, read_at, usual
from tweetbot.schedule.zone import in_named_zone, in_scheduler_time, read_zone

WINTER, SUMMER = 1_769_000_000, 1_784_000_000  # January and July 2026


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("09:00", "09:00"),
        (" 9:07 ", "09:07"),
        ("Mon,Thu 09:07", "Mon,Thu 09:07"),
        ("thu, MON 0:00", "Mon,Thu 00:00"),
        ("Mon-Fri 23:59", "Mon,Tue,Wed,Thu,Fri 23:59"),
        ("Sat-Mon 12:00", "Mon,Sat,Sun 12:00"),
        ("Sunday 12:00", "Sun 12:00"),
        ("Mon-Sun 12:00", "12:00"),
        ("Mon Mon 12:00", "Mon 12:00"),
    ],
)
def test_a_time_is_read(text: str, shown: str) -> None:
    assert str(read_at(text)) == shown


@pytest.mark.parametrize(
    "text",
    ["", "9", "24:00", "12:60", "9:7", "Mo 09:00", "Foo 09:00", "Mon", "09:00 Mon", "Mon, 09:00",
     "daily 09:00", "0 9 * * *", "tomorrow", "09:00:00", "-9:00", "\u0660\u0669:\u0660\u0660",
     "Mon-Fri-Sun 9:00"],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="HH:MM"):
        read_at(text)


def test_thirty_bots_do_not_start_at_once() -> None:
    times = [usual(f"bot{number}") for number in range(30)]
    assert all(9 * 60 < at.minutes < 10 * 60 for at in times)
    assert len(set(times)) > 20
    assert usual("dogfacts") == At(9 * 60 + 3)  # for ever: a file that is made again is the same


@pytest.mark.parametrize(
    ("times", "fields"),
    [
        (["09:07"], ["7 9 * * *"]),
        (["09:00", "21:00"], ["0 9,21 * * *"]),
        (["09:00", "21:30"], ["0 9 * * *", "30 21 * * *"]),
        (["Sun 09:00", "Mon,Sat 09:00"], ["0 9 * * 1,6", "0 9 * * 0"]),
    ],
)
def test_cron_writes_it_so(times: list[str], fields: list[str]) -> None:
    assert cron_fields(map(read_at, times)) == fields


AT = st.builds(
    At,
    st.integers(0, A_DAY - 1),
    st.sets(st.integers(0, 6), max_size=6).map(lambda d: tuple(sorted(d))),
)


@given(AT, st.integers(-2 * A_DAY, 2 * A_DAY))
def test_a_time_that_is_moved_on_and_back_is_the_same(at: At, minutes: int) -> None:
    assert at.later(minutes).later(-minutes) == at


def test_a_time_that_is_moved_over_midnight_falls_on_another_day() -> None:
    assert str(read_at("Mon,Sun 23:30").later(60)) == "Mon,Tue 00:30"
    assert str(read_at("Mon 00:30").later(-60)) == "Sun 23:30"


def test_the_distance_of_two_starts_goes_over_the_end_of_the_week() -> None:
    assert distance([read_at("09:00")]) == A_DAY
    assert distance([read_at("Sun 23:00"), read_at("Mon 01:00")]) == 120


def localtime(tmp_path: Path, name: str = "") -> Path:
    path = tmp_path / "localtime"
    if name:
        path.symlink_to(f"/usr/share/zoneinfo/{name}")
    return path


def test_the_zone_is_that_of_tz_else_that_of_the_machine(tmp_path: Path) -> None:
    berlin = localtime(tmp_path, "Europe/Berlin")
    assert read_zone({}, localtime=berlin).name == "Europe/Berlin"
    assert read_zone({"TZ": "Asia/Kathmandu"}, localtime=berlin).name == "Asia/Kathmandu"
    assert read_zone({"TZ": ":Asia/Kathmandu"}, localtime=berlin).name == "Asia/Kathmandu"
    assert read_zone({"TZ": ":/etc/localtime"}, localtime=berlin).name == "Europe/Berlin"
    assert read_zone({"TZ": "CET-1CEST"}, localtime=berlin).name is None
    assert read_zone({"TZ": "../../etc/passwd"}, localtime=berlin).name is None


def test_a_machine_without_a_zone_is_in_utc(tmp_path: Path) -> None:
    assert read_zone({}, localtime=localtime(tmp_path)).name == "UTC"


def test_a_copy_of_a_zone_is_named_by_the_file_beside_it(tmp_path: Path) -> None:
    copy = localtime(tmp_path)
    copy.write_bytes(Path("/usr/share/zoneinfo/Europe/Berlin").read_bytes())
    assert read_zone({}, localtime=copy).name is None
    (tmp_path / "timezone").write_text("Europe/Berlin\n")
    assert read_zone({}, localtime=copy).name == "Europe/Berlin"


@pytest.mark.parametrize(("now", "there"), [(WINTER, "Sun 23:30"), (SUMMER, "Sun 22:30")])
def test_cron_goes_by_the_clock_of_the_machine(tmp_path: Path, now: int, there: str) -> None:
    zone = read_zone({"TZ": "Europe/Berlin"}, localtime=localtime(tmp_path, "UTC"))
    (moved,), warnings = in_scheduler_time(zone, (read_at("Mon 00:30"),), now=now, whose="cron")
    assert str(moved) == there
    assert f"{there} is Mon 00:30 of Europe/Berlin" in warnings[0]


@pytest.mark.parametrize("now", [WINTER, SUMMER])
def test_another_name_of_the_same_clock_is_no_news(tmp_path: Path, now: int) -> None:
    zone = read_zone({"TZ": "Europe/Paris"}, localtime=localtime(tmp_path, "Europe/Berlin"))
    at = (read_at("09:00"),)
    assert in_scheduler_time(zone, at, now=now, whose="cron") == (at, [])


def test_clocks_that_differ_in_summer_alone_are_told_in_winter(tmp_path: Path) -> None:
    zone = read_zone({"TZ": "Europe/London"}, localtime=localtime(tmp_path, "UTC"))
    times, warnings = in_scheduler_time(zone, (read_at("09:00"),), now=WINTER, whose="cron")
    assert (times, len(warnings)) == ((read_at("09:00"),), 1)


def test_a_zone_has_its_name_where_names_are_known(tmp_path: Path) -> None:
    at = (read_at("09:00"),)
    zone = read_zone({"TZ": "Europe/Berlin"}, localtime=localtime(tmp_path, "UTC"))
    assert in_named_zone(zone, at, now=WINTER) == (at, "Europe/Berlin", [])


def test_a_zone_without_a_name_is_utc_and_that_is_told(tmp_path: Path) -> None:
    zone = read_zone({"TZ": "ABC0"}, localtime=localtime(tmp_path))
    _, name, warnings = in_named_zone(zone, (read_at("09:00"),), now=WINTER)
    assert name == "UTC"
    assert "not known" in warnings[0]
