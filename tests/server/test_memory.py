"""What threads were given for a while goes back afterwards."""

import platform
import subprocess
import sys

import pytest

# Bodies as they come and go, with small things between them that stay.
_WORK = """
import threading
from pathlib import Path
from replanner.server.memory import give_back
if {wanted}:
    give_back()
def rss():
    return int(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0])
stays = []
def work():
    for size in (40_000, 90_000, 300_000, 1_000_000):
        held = []
        for _ in range(20_000_000 // size):
            held.append(bytearray(b"x") * size)
            stays.append(bytearray(b"x") * 600)
        barrier.wait()
        del held
barrier = threading.Barrier(4)
before = rss()
threads = [threading.Thread(target=work) for _ in range(4)]
[each.start() for each in threads]
[each.join() for each in threads]
print(rss() - before)
"""


def _kept_kib(*, wanted: bool) -> int:
    code = _WORK.format(wanted=wanted)
    return int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_large_things_leave_no_memory_behind() -> None:
    # 11 MiB, and 80 without.
    assert _kept_kib(wanted=True) < _kept_kib(wanted=False) / 3
