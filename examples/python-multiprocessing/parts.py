"""What the transports of this directory have in common.

multiprocessing starts one process from another, and gives it queues and semaphores with
its arguments. ipcbench starts all processes of a transport itself. hand_over and take
do here what multiprocessing does at such a start, by the method "spawn". The objects,
and the calls that move messages, are those of any program.
"""

import multiprocessing
import os
import pickle
import platform
import sys
from multiprocessing import context, reduction, resource_sharer

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../kit/python"))
import ipcbench

spawn = multiprocessing.get_context("spawn")
multiprocessing.current_process().authkey = b"ipcbench"  # one for all processes of a launch


class _Start:
    """Stands for the start of a child. Descriptors go there over a socket."""

    DupFd = staticmethod(resource_sharer.DupFd)

    @staticmethod
    def duplicate_for_child(fd):
        return fd


def hand_over(link, *objects):
    """Leaves objects for each sender of a link. The receiver calls it."""
    for origin in range(link.senders):
        context.set_spawning_popen(_Start)
        try:
            text = reduction.ForkingPickler.dumps(objects)
        finally:
            context.set_spawning_popen(None)
        with open(f"{link.dir}/link{link.number}.{origin}", "wb") as f:
            f.write(text)


def take(link):
    """The objects that the receiver of a link has left for this sender."""
    with open(f"{link.dir}/link{link.number}.{link.origin}", "rb") as f:
        return pickle.load(f)


def main(name, **functions):
    ipcbench.main(f"multiprocessing.{name}", f"Python {platform.python_version()}", **functions)
