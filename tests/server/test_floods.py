"""Strangers who send much, slowly, or without end cost neither memory nor anybody's turn."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from processes import Process, configure, run, running
from sending import post, push

MIB = 2**20
PATIENCE_S = 2
# Far below the 10 s that GitHub waits, far above what it takes (about 5 ms) on a busy machine.
PROMPT_S = 1.5
HEAD = b"POST /webhooks/github HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    config = configure(tmp_path_factory.mktemp("web"), f"request_seconds: {PATIENCE_S}")
    assert run("migrate", config) == 0
    with running("web", config) as process:
        for number in range(20):  # whatever is loaded with the first requests
            assert post(process.address(), "github", push(number)).status == 202
        yield process


def dial(web: Process) -> socket.socket:
    place = urlsplit(web.address())
    return socket.create_connection((str(place.hostname), int(place.port or 0)), 20)


def heard(wire: socket.socket) -> bytes:
    """Everything until the other side closes."""
    found = b""
    with suppress(ConnectionError):
        while piece := wire.recv(65536):
            found += piece
    return found


def prompt(web: Process, number: int = 10) -> None:
    """Who signs is answered at once."""
    for each in range(number):
        began = time.monotonic()
        assert post(web.address(), "github", push(each)).status == 202
        assert time.monotonic() - began < PROMPT_S


def mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@contextmanager
def little_memory(web: Process) -> Iterator[None]:
    """Within it, the web's memory grows by less than 20 MiB."""
    child = web.pids("web")[-1]
    first, most, over = mib(child), [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            most.append(mib(child))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
    assert max(most) - first < 20


def many(web: Process, number: int, stack: ExitStack) -> list[socket.socket]:
    return [stack.enter_context(dial(web)) for _ in range(number)]


def test_large_bodies_of_strangers_are_never_in_memory(web: Process) -> None:
    """Twelve at once: read on four places, while the others wait for theirs."""
    answers: list[bytes] = []

    def send() -> None:
        with dial(web) as wire:
            signature = b"X-Hub-Signature-256: sha256=" + b"0" * 64
            wire.sendall(HEAD + signature + b"\r\nContent-Length: %d\r\n\r\n" % (25 * MIB))
            for _ in range(25):
                wire.sendall(b"x" * MIB)
            answers.append(heard(wire))

    with little_memory(web):
        senders = [threading.Thread(target=send) for _ in range(12)]
        for sender in senders:
            sender.start()
        prompt(web)
        for sender in senders:
            sender.join(60)
    assert len(answers) == 12
    assert all(each.startswith(b"HTTP/1.1 401 ") for each in answers)


def test_a_large_body_that_is_signed_is_read(web: Process) -> None:
    body, headers = push(7777)
    import hashlib  # noqa: PLC0415 - this test's alone
    import hmac  # noqa: PLC0415 - this test's alone

    from sending import GITHUB  # noqa: PLC0415 - this test's alone

    large = body[:-1] + b', "more": "' + b"x" * 3 * MIB + b'"}'
    made = hmac.new(GITHUB.encode(), large, hashlib.sha256).hexdigest()
    assert post(web.address(), "github", (large, {**headers, "X-Hub-Signature-256": f"sha256={made}"})).status == 202  # fmt: skip  # noqa: E501


def test_two_gibibytes_in_chunks_are_cut_off(web: Process) -> None:
    with little_memory(web), dial(web) as wire:
        wire.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        sent = 0
        with suppress(ConnectionError):
            for _ in range(2048):
                wire.sendall(b"100000\r\n" + b"x" * MIB + b"\r\n")
                sent += MIB
        assert sent < 200 * MIB
        with suppress(ConnectionError):
            assert heard(wire).startswith(b"HTTP/1.1 413 ")
    prompt(web, 2)


def test_slow_heads_hold_up_nobody_and_are_ended(web: Process) -> None:
    with little_memory(web), ExitStack() as stack:
        wires = many(web, 300, stack)
        for byte in HEAD[:10]:
            for wire in wires:
                wire.sendall(bytes([byte]))
        prompt(web)
        assert {heard(wire)[:13] for wire in wires} == {b"HTTP/1.1 408 "}


def test_slow_bodies_hold_up_nobody_and_are_ended(web: Process) -> None:
    with little_memory(web), ExitStack() as stack:
        wires = many(web, 300, stack)
        for wire in wires:
            wire.sendall(HEAD + b"Content-Length: 50000\r\n\r\n" + b"x" * 10_000)
        prompt(web)
        assert {heard(wire)[:13] for wire in wires} == {b"HTTP/1.1 408 "}


def test_more_silent_connections_than_there_is_room_for_shut_nobody_out(web: Process) -> None:
    with little_memory(web), ExitStack() as stack:
        many(web, 700, stack)
        prompt(web)


@pytest.mark.parametrize(
    "first", [b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"nonsense\r\n\r\n"]
)
def test_who_comes_again_and_again_shuts_nobody_out(web: Process, first: bytes) -> None:
    """Each is answered and stays; some go on just when they have to make room."""
    child = web.pids("web")[-1]
    with ExitStack() as stack:
        wires: list[socket.socket] = []
        for number in range(1200):
            wires.append(stack.enter_context(dial(web)))
            for wire in (wires[-1], wires[number // 2]):
                with suppress(ConnectionError):
                    wire.sendall(first)
        prompt(web)
    assert web.pids("web")[-1] == child
    assert not [line for line in web.lines() if line["level"] == "error"]


def test_slow_large_bodies_hold_up_no_ordinary_ones(web: Process) -> None:
    """They wait for each other, and who finds no place to wait is told to come back."""
    with little_memory(web), ExitStack() as stack:
        wires = many(web, 40, stack)
        for wire in wires:
            wire.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhe")
        prompt(web)
        # Most were told before they were given a place; to hang up is all that is left for others.
        told = [heard(wire)[:13] for wire in wires]
        assert told.count(b"HTTP/1.1 503 ") == 20
    prompt(web, 2)


def test_who_never_hangs_up_holds_up_nobody(web: Process) -> None:
    """gunicorn's loop would wait for each of them."""
    with ExitStack() as stack:
        for wire in many(web, 50, stack):
            wire.sendall(b"nonsense\r\n\r\n")
        prompt(web)


@pytest.mark.parametrize(
    ("rest", "status"),
    [
        (b"Content-Length: 9\r\n\r\n{}", b"408"),
        (b"Content-Length: -1\r\n\r\n{}", b"400"),
        (b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", b"400"),
        (b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", b"400"),
        (b"Content-Length: 26214401\r\n\r\n{}", b"413"),
        (b"Connection: close\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", b"415"),
        (b"Transfer-Encoding: chunked\r\n\r\nxx\r\n", b"400"),
        (b"Transfer-Encoding: chunked\r\n\r\n0\r\nA B: x\r\n\r\n", b"400"),
        (b"X: " + b"y" * 40_000, b"431"),
    ],
)
def test_wrong_lengths_are_refused(web: Process, rest: bytes, status: bytes) -> None:
    with dial(web) as wire:
        wire.sendall(HEAD + rest)
        assert heard(wire).startswith(b"HTTP/1.1 " + status)


def test_a_delivery_that_stops_halfway_is_not_taken(web: Process) -> None:
    with dial(web) as wire:
        wire.sendall(HEAD + b"Content-Length: 9\r\n\r\n{}")
        wire.shutdown(socket.SHUT_WR)
        assert heard(wire).startswith(b"HTTP/1.1 400 ")


def test_an_answer_before_the_end_of_a_body_says_that_nothing_can_follow(web: Process) -> None:
    with dial(web) as wire:
        wire.sendall(b"POST /nowhere HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        assert b"\r\nConnection: close\r\n" in heard(wire)


def test_requests_may_come_in_one_piece_and_byte_by_byte(web: Process) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with dial(web) as wire:
        wire.sendall(request * 5)
        for byte in request:
            wire.sendall(bytes([byte]))
        wire.shutdown(socket.SHUT_WR)
        assert heard(wire).count(b'{"alive":true}') == 6


def test_what_is_no_request_leaves_no_trace_of_a_path(web: Process) -> None:
    for broken in (b" HTTP/7.7\r\n\r\n", b"\x80 HTTP/1.1\r\n\r\n", b"\n\n"):
        with dial(web) as wire:
            wire.sendall(b"POST /webhooks/quay/a-path-that-is-secret" + broken)
            wire.shutdown(socket.SHUT_WR)
            assert heard(wire).endswith(b'{"error": "this is no request"}\n')
    assert "a-path" not in web.log.read_text()


def test_halves_of_bodies_are_held_up_to_a_limit(web: Process) -> None:
    """450 of 55 kB would be 24 MiB."""
    with little_memory(web), ExitStack() as stack:
        for wire in many(web, 450, stack):
            wire.sendall(HEAD + b"Content-Length: 60000\r\n\r\n" + b"x" * 55_000)
        prompt(web)


def test_large_bodies_that_others_wait_for_have_less_time(tmp_path: Path) -> None:
    config = configure(tmp_path, "request_seconds: 60")
    assert run("migrate", config) == 0
    with running("web", config) as web, ExitStack() as stack:
        wires = many(web, 5, stack)
        for wire in wires:
            wire.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhe")
        began = time.monotonic()
        for wire in wires[:4]:
            heard(wire)
        assert 4 < time.monotonic() - began < 15
        # The fifth has its place for itself now.
        wires[4].settimeout(1)
        with pytest.raises(TimeoutError):
            wires[4].recv(1)


def test_silent_connections_do_not_keep_a_server_from_stopping(tmp_path: Path) -> None:
    config = configure(tmp_path)
    assert run("migrate", config) == 0
    with running("web", config) as web, ExitStack() as stack:
        many(web, 20, stack)
        prompt(web, 1)
        began = time.monotonic()
        assert web.stop() == 0
        assert time.monotonic() - began < 6
