"""What threads were given for a while is given to others afterwards."""

import subprocess
import sys

import pytest

_THREADS = """
import re, threading
from pathlib import Path
from replanner.server.memory import share_one_heap
if {shared}:
    share_one_heap()
def work():
    held = [bytes(1000) for _ in range(2000)]
    barrier.wait()
    del held
barrier = threading.Barrier(8)
threads = [threading.Thread(target=work) for _ in range(8)]
[each.start() for each in threads]
[each.join() for each in threads]
# A heap beside the first one is mapped on its own, 64 MiB of which a part may be used.
maps = Path("/proc/self/smaps").read_text()
print(sum(1 for line in maps.splitlines() if re.match(r"Size: +(\\d+) kB", line)))
"""


def _mapped(*, shared: bool) -> int:
    code = _THREADS.format(shared=shared)
    return int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_threads_share_one_heap() -> None:
    assert _mapped(shared=False) - _mapped(shared=True) >= 8  # one more for each thread, or two
