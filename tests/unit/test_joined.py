"""Several profiles as one: recordings with each other, and with other tools' files."""

import known
import pytest

import pyrometer
from pyrometer.cli import run
from pyrometer.profile import Meta


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        known.profile().save(f"{name}.pyro")
    (tmp_path / "stacks.folded").write_text("program::parse 5\n")


def totals(profile):
    return {row.place.name: row.total.value for row in profile.top(metric="cpu-time").rows}


def test_recordings_are_added_up(files, capsys):
    assert run(["import", "one.pyro", "two.pyro", "-o", "both.pyro"]) == 0
    both, one = pyrometer.load("both.pyro"), pyrometer.load("one.pyro")
    assert totals(both) == {name: 2 * value for name, value in totals(one).items()}
    assert both.meta.quality.samples == 2 * one.meta.quality.samples
    assert len(list(both.functions.rows())) == len(list(one.functions.rows()))
    assert len(list(both.threads.rows())) == 2 * len(list(one.threads.rows()))


def test_a_join_may_be_compared_and_joined_again(files):
    both = pyrometer.import_files(["one.pyro", "two.pyro"])
    both.save("both.pyro")
    view = both.diff(pyrometer.import_files(["both.pyro", "one.pyro"]))
    assert (view.total.before, view.total.after) == (both.top().basis.total, both.top().basis.total * 3 // 2)


def test_other_tools_files_come_with_them_in_any_order(files):
    for order in (["one.pyro", "stacks.folded"], ["stacks.folded", "one.pyro"]):
        both = pyrometer.import_files(order)
        assert totals(both) == totals(pyrometer.load("one.pyro"))
        (row,) = both.top(metric="samples").rows
        assert (row.place.name, row.total.value) == ("program::parse", 5)


def test_a_part_that_is_damaged_is_an_error(files, tmp_path):
    (tmp_path / "cut.pyro").write_bytes((tmp_path / "one.pyro").read_bytes()[:-9])
    with pytest.raises(pyrometer.CorruptProfileError):
        pyrometer.import_files(["one.pyro", "cut.pyro"])


def test_one_alone_is_a_profile_already(files, capsys):
    assert run(["import", "one.pyro"]) == pyrometer.NotAProfileError.exit_code
    assert "is a profile of Pyrometer already" in capsys.readouterr().err


def test_the_file_that_is_read_is_not_written(files, capsys):
    assert run(["import", "one.pyro", "two.pyro", "-o", "one.pyro"]) == pyrometer.OutputError.exit_code
    assert run(["import", "one.pyro", "two.pyro"]) == 0
    assert "one-2.pyro" in capsys.readouterr().out


def test_runs_that_are_told_apart_cannot_be_a_part(files, tmp_path, capsys):
    pyrometer.build(Meta(instrument="stat"), metrics=[{"name": "Ir", "kind": "exact"}]).save("stat.pyro")
    assert run(["import", "one.pyro", "stat.pyro", "-o", "a.pyro"]) == pyrometer.SelectionError.exit_code
    assert "stat.pyro cannot be a part of another profile" in capsys.readouterr().err
    assert not (tmp_path / "a.pyro").exists()


def test_a_format_is_of_other_tools_files(files, capsys):
    assert run(["import", "--from", "folded", "one.pyro", "two.pyro"]) == pyrometer.NotAProfileError.exit_code
