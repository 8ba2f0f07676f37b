import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

# Test modules are imported one by one, without a package around them: this lets two of them share urd_model.
sys.path.append(str(Path(__file__).parent))


def _programs():
    """Where Debian, other Linuxes or Homebrew keep the server's programs, newest version first."""
    places = [
        *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True),
        *sorted(Path("/usr").glob("pgsql*/bin")),
    ]
    if (found := shutil.which("initdb")) is not None:
        places.append(Path(found).parent)
    return next((place for place in places if (place / "initdb").exists()), None)


@pytest.fixture(scope="session")
def postgresql_server():
    """A PostgreSQL server of our own on a Unix socket: its URL without a database."""
    programs = _programs()
    if programs is None:
        message = "no PostgreSQL server is installed (Debian: apt-get install postgresql)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    # The server refuses to run as root; a socket's path may have at most 107 characters.
    user = "postgres" if os.geteuid() == 0 else None
    place = Path(tempfile.mkdtemp(prefix="urdpg", dir="/tmp"))
    if user:
        shutil.chown(place, user)
    data = str(place / "data")

    def run(*command):
        subprocess.run(command, user=user, cwd=place, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

    run(programs / "initdb", "-D", data, "-U", "urd", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    options = f"-c listen_addresses='' -c unix_socket_directories='{place}' -c fsync=off -c max_connections=40"
    run(programs / "pg_ctl", "-D", data, "-w", "-l", str(place / "log"), "-o", options, "start")
    yield lambda database: f"postgresql://urd@/{database}?host={place}"
    run(programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    shutil.rmtree(place)


@pytest.fixture
def postgresql_url(postgresql_server, request):
    """A new, empty database on that server."""
    import psycopg

    name = f"t{abs(hash(request.node.nodeid)):x}"
    with psycopg.connect(postgresql_server("postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return postgresql_server(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """An urd that nobody has written to yet, in each kind of database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/urd.db"
    return request.getfixturevalue("postgresql_url")
