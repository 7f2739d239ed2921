import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from leafseal.system.signal_queue import Report, SignalQueue

SOURCE = str(Path(__file__).parents[2] / "src")


def alone(code: str) -> None:
    """Run code in a process without other threads: those of the tests block no signal, and would be given them."""
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": SOURCE}, check=True, timeout=120)


@pytest.mark.skipif(sys.platform != "linux", reason="as Linux tells it")
def test_who_sent_a_signal() -> None:
    alone("""
import os, signal
from leafseal.system.signal_queue import SignalQueue
with SignalQueue() as queue:
    os.kill(os.getpid(), signal.SIGTERM)
    [report] = queue.wait()
    assert report == (signal.SIGTERM, 0, os.getpid()), report
    assert not report.is_from_kernel
    assert queue.wait(0) == []
""")


def test_the_end_of_a_child_comes_from_the_kernel() -> None:
    alone("""
import signal, subprocess
from leafseal.system.signal_queue import SignalQueue
with SignalQueue() as queue:
    process = subprocess.Popen(["true"])
    numbers = {report.number for report in queue.wait(50_000)}
    process.wait()
assert numbers == {signal.SIGCHLD}, numbers
""")
    assert Report(signal.SIGINT, 128, 0).is_from_kernel
    assert not Report(signal.SIGINT, None, 0).is_from_kernel


def test_a_descriptor_ends_a_wait() -> None:
    read, write = os.pipe()
    with SignalQueue() as queue:
        os.write(write, b"x")
        assert queue.wait(60_000, read) == []
        assert queue.wait(10) == []
    os.close(read)
    os.close(write)


def test_another_thread_gets_an_empty_queue() -> None:
    found: list[list[Report]] = []

    def wait() -> None:
        with SignalQueue() as queue:
            found.append(queue.wait(10))

    thread = threading.Thread(target=wait)
    thread.start()
    thread.join()
    assert found == [[]]


@pytest.mark.parametrize("way", ["without a descriptor", "to a thread that blocks none"])
def test_without_their_senders_signals_come_all_the_same(way: str) -> None:
    alone(f"""
import os, signal, threading, time
from leafseal.system import signal_queue
if {way!r} == "without a descriptor":
    signal_queue._library = lambda: None
else:
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
with signal_queue.SignalQueue() as queue:
    for number in (signal.SIGTERM, signal.SIGUSR1):
        os.kill(os.getpid(), number)
        [report] = queue.wait(60_000)
        assert report.number == number  # the descriptor may be faster than the other thread
os._exit(0)
""")
