"""Finds processes below this one by their titles, and strikes them at their work."""

import threading
import time
from contextlib import contextmanager, suppress

import psutil

PATIENCE_S = 180.0


def is_titled(process, title):
    return "".join(process.cmdline()[:1]).startswith(title)


def caught(title, root=None):
    """Return a process that this one began, stopped while its title says so; None if there is none."""
    for process in (root or psutil.Process()).children(recursive=True):
        with suppress(psutil.Error):
            if is_titled(process, title):
                process.suspend()
                if is_titled(process, title):
                    return process
                process.resume()
    return None


def wait_for(find):
    """Return what `find` returns, once it is something."""
    ends_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends_s:
        if found := find():
            return found
        time.sleep(0.005)
    raise TimeoutError(f"{find} found nothing")


@contextmanager
def struck(title, strike, times=1):
    """Catch processes while the block runs, and do something to each; yield the list of those struck."""
    ends = threading.Event()
    done = []

    def hunt():
        while len(done) < times and not ends.wait(0.005):
            if (process := caught(title)) and process not in done:
                done.append(process)
                strike(process)

    hunter = threading.Thread(target=hunt)
    hunter.start()
    try:
        yield done
    finally:
        ends.set()
        hunter.join()
        for process in done:
            with suppress(psutil.Error):
                process.kill()


def leave(process):
    """Leave a process stopped."""
