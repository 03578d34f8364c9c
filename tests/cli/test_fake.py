"""`cincopa fake`: a Cincopa on a socket for whoever wants one."""

import signal
import socket
import subprocess

import httpx
import pytest

from tests.cli.processes import Start


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_serves_until_it_is_stopped(start: Start, stop: signal.Signals, code: int) -> None:
    """It prints where it is and what its token is, and goes without a traceback."""
    process = start("fake", "--api-token", "opensesame")
    variables = read_variables(process)

    pong = httpx.get(variables["CINCOPA_BASE_URL"] + "ping.json?api_token=opensesame", trust_env=False)
    process.send_signal(stop)
    _, err = process.communicate()

    assert variables["CINCOPA_API_TOKEN"] == "opensesame"
    assert pong.json()["ping"] == "pong"
    assert process.returncode == code
    assert "Traceback" not in err


def test_token_is_made_where_none_is_given(start: Start) -> None:
    """Whatever it is, it is accepted."""
    process = start("fake", "--host", "localhost")
    variables = read_variables(process)

    ping = variables["CINCOPA_BASE_URL"] + "ping.json?api_token="
    assert httpx.get(ping + variables["CINCOPA_API_TOKEN"], trust_env=False).status_code == 200
    assert httpx.get(ping + "another", trust_env=False).status_code == 403
    process.terminate()
    process.communicate()


def test_other_machines_are_let_in_on_demand_alone(start: Start) -> None:
    """An address that is not of the loopback interface has to be meant."""
    refused = start("fake", "--host", "0.0.0.0")
    _, err = refused.communicate()
    allowed = start("fake", "--host", "0.0.0.0", "--allow-remote")
    variables = read_variables(allowed)

    assert refused.returncode == 2
    assert "--allow-remote" in err
    assert variables["CINCOPA_BASE_URL"].startswith("http://0.0.0.0:")


def test_port_that_is_taken_is_said_in_a_sentence(start: Start) -> None:
    """No traceback for what a user can mend."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = start("fake", "--port", port)
        _, err = process.communicate()

    assert process.returncode == 1
    assert err.startswith(f"Cannot listen on 127.0.0.1, port {port}: ")
    assert "Traceback" not in err


def read_variables(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    lines = [process.stdout.readline(), process.stdout.readline()]
    return dict(line.strip().split("=", 1) for line in lines)
