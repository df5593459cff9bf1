"""What the environment and a profile say is no path, no address and no limit by accident."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrometer.collect.debuginfod import Wanted
from pyrometer.collect.debuginfod.cache import Cache
from pyrometer.collect.debuginfod.settings import read_settings

HEX = st.text("0123456789abcdef", max_size=130)


@given(st.text() | HEX)
def test_only_hexadecimal_build_ids_are_asked_for(build_id):
    valid = re.fullmatch("[0-9a-f]+", build_id) is not None and len(build_id) % 2 == 0 and len(build_id) <= 128
    wanted = Wanted(build_id, "/bin/app")
    assert (wanted.why_invalid() == "") == valid
    if valid:
        assert Cache(Path("/cache")).path(wanted) == Path("/cache") / build_id / "debuginfo"


@pytest.mark.parametrize(
    ("text", "timeout"),
    [(None, 90), ("", 90), ("7", 7), (" 7\n", 7), ("0", 0), ("-1", 90), ("1e3", 90), ("٣", 90), ("9" * 400, 90)],
)
def test_numbers(text, timeout):
    environment = {} if text is None else {"DEBUGINFOD_TIMEOUT": text}
    assert read_settings({"HOME": "/home/me"} | environment).timeout == timeout


def test_servers_are_words():
    words = " https://a/  ima:enforcing http://b:8/x ima:ignore\thttps://c"
    assert read_settings({"DEBUGINFOD_URLS": words}).servers == ("https://a", "http://b:8/x", "https://c")
    assert read_settings({}).servers == ()


@given(st.dictionaries(st.sampled_from(["URLS", "TIMEOUT", "MAXSIZE", "MAXTIME", "CACHE_PATH"]), st.text()))
def test_any_environment_gives_settings(variables):
    settings = read_settings({f"DEBUGINFOD_{name}": value for name, value in variables.items()})
    assert settings.timeout >= 0
    assert settings.max_size >= 0
    assert settings.max_time >= 0
