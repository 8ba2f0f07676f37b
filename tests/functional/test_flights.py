"""The example that a newcomer runs first, on the real flights of 2013: what ``make demo`` does."""

import json
import re

import pytest

LINE = re.compile(r"^ +- (\S+) +(DONE|MAKE|link) +(dev-\d+)", re.MULTILINE)


def built(result):
    """Names of the methods that were run, without those that were found."""
    return sorted(method for method, status, _ in LINE.findall(result.stdout) if status != "link")


def linked(result):
    return sorted(method for method, status, _ in LINE.findall(result.stdout) if status == "link")


@pytest.fixture(scope="module")
def demo(tmp_path_factory, ax_project_at):
    """A project with the example, run once, and what that printed."""
    path = tmp_path_factory.mktemp("dëmo of flights")
    elsewhere = ax_project_at(path / "elsewhere")
    elsewhere.ax("init", "--example", "flights", "--slices", "2", str(path / "demo"))
    elsewhere.path = path / "demo"
    elsewhere.workdir = path / "demo" / "workdirs" / "dev"
    return elsewhere, elsewhere.ax("run")


@pytest.mark.slow
class TestFlights:
    def test_first_run_prints_the_result(self, demo):
        """Carriers, where the results are, how long it took, what to type next."""
        project, first = demo

        assert re.search(r"United Air Lines.* 58,665 ", first.stdout)
        assert re.search(r"SkyWest Airlines.* 32 ", first.stdout)
        assert "carriers.csv" in first.stdout
        assert "Total time" in first.stdout
        assert "ax ds" in first.stdout
        assert (project.path / "results" / "carriers.csv").read_text().count("\n") == 17
        assert (project.path / "results" / "delays.svg").read_text().startswith("<svg") or "<svg" in (
            project.path / "results" / "delays.svg"
        ).read_text()

    def test_every_flight_is_there(self, demo):
        """Nothing is lost between the file and the typed dataset, and NA became None."""
        project, first = demo
        job = [jobid for method, _, jobid in LINE.findall(first.stdout) if method == "dataset_type"][-1]
        manifest = project.ax("ds", "--json", job)

        assert "336776" in manifest.stdout.replace("_", "")
        json.loads(manifest.stdout)

    def test_again_builds_nothing(self, demo):
        project, first = demo

        again = project.ax("run")

        assert built(again) == []
        assert linked(again) == sorted(built(first) + linked(first))

    def test_a_comment_builds_nothing(self, demo):
        project, _ = demo
        path = project.path / "dev" / "a_delays.py"
        path.write_text("# A remark.\n" + path.read_text() + "\n\n# The end.\n")

        assert built(project.ax("run")) == []

    def test_a_change_in_a_helper_builds_its_users(self, demo):
        """A function that methods import changes: these methods run again, no others, and --why names the function."""
        project, _ = demo
        path = project.path / "dev" / "means.py"
        function = re.search(r"^def (\w+)\(.*\n", path.read_text(), re.MULTILINE)
        body = path.read_text()
        path.write_text(body.replace(function[0], function[0] + "    if False:\n        print('changed')\n", 1))
        importers = {
            name.stem.removeprefix("a_")
            for name in (project.path / "dev").glob("a_*.py")
            if re.search(r"\bmeans\b", name.read_text())
        }

        why = project.ax("run", "--why")

        assert importers
        assert importers <= set(built(why))
        assert not {"csvimport", "csvimport_zip", "dataset_type"} & set(built(why))
        assert function[1] in why.stdout + why.stderr
        assert "means.py" in why.stdout + why.stderr

    def test_urd_has_it(self, demo):
        project, _ = demo

        assert "2013-12-31" in project.ax("urd", "flights/latest").stdout
