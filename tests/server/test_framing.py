"""How far a request has come, and who sent it."""

import pytest

from replanner.server.framing import MOST_COLLECTED, MOST_HEAD, Arrived, arrived
from replanner.server.limits import Refusals, networks, sender

POST = b"POST / HTTP/1.1\r\n"
LARGE = MOST_COLLECTED + 1


@pytest.mark.parametrize(
    ("data", "state"),
    [
        (b"", Arrived.PARTLY),
        (POST, Arrived.PARTLY),
        (POST + b"A: b\r\n\r", Arrived.PARTLY),
        (POST + b"\r\n", Arrived.WHOLE),
        (b"\r\n\r\n", Arrived.WHOLE),
        (POST + b"Content-Length: 2\r\n\r\n{", Arrived.PARTLY),
        (POST + b"Content-Length: 2\r\n\r\n{}", Arrived.WHOLE),
        (POST + b"content-LENGTH:2 \r\n\r\n{}and the next", Arrived.WHOLE),
        (POST + b"Content-Length: %d\r\n\r\n" % LARGE, Arrived.LARGE),
        (POST + b"Content-Length: %d\r\n\r\n" % MOST_COLLECTED, Arrived.PARTLY),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n", Arrived.LARGE),
        (POST + b"Content-Length: 2\r\nTransfer-Encoding: x\r\n\r\n", Arrived.LARGE),
        (POST + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n", Arrived.LARGE),
        # Nothing that could still come would make sense of it.
        (POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n", Arrived.WHOLE),
        (POST + b"Content-Length: x\r\n\r\n", Arrived.WHOLE),
        (POST + b"Content-Length: -2\r\n\r\n", Arrived.WHOLE),
        (POST + b"Content-Length: \xb2\r\n\r\n", Arrived.WHOLE),
        (POST + b"X: Content-Length: 9\r\n\r\n", Arrived.WHOLE),
        (b"x" * MOST_HEAD, Arrived.PARTLY),
        (b"x" * (MOST_HEAD + 1), Arrived.ENDLESS),
    ],
)
def test_a_request_is_there_when_its_head_says_so(data: bytes, state: Arrived) -> None:
    assert arrived(data) is state
    assert arrived(bytearray(data)) is state


TRUSTED = networks(["10.0.0.0/8", "fd00::/8"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "198.51.100.1", "192.0.2.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1,10.9.9.9 , 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"),
        ("10.0.0.1", "nonsense, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, ", "10.0.0.1"),
        ("10.0.0.1", "," * 9000, "10.0.0.1"),
        ("10.0.0.1", "999.1.1.1", "10.0.0.1"),
        ("10.0.0.1", "\u0661.1.1.1", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1:80", "10.0.0.1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("fd00::1%eth0", "198.51.100.1", "198.51.100.1"),
        ("", "198.51.100.1", ""),
        ("a-socket", "198.51.100.1", "a-socket"),
    ],
)
def test_only_our_proxies_say_who_sent(peer: str, forwarded: str, found: str) -> None:
    assert sender(peer, forwarded, TRUSTED) == found


def test_who_has_a_network_of_addresses_is_one() -> None:
    refusals = Refusals(most=2)
    told = [refusals.too_many(f"2001:db8::{number:x}") for number in range(3)]
    assert told == [False, False, True]
    assert not refusals.too_many("2001:db8:0:1::1")
    assert not refusals.too_many("a-socket")
