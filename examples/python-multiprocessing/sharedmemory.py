#!/usr/bin/env python3
"""multiprocessing.shared_memory: a ring of slots, and two semaphores that count its
free and its full slots. There is nothing to build."""

from multiprocessing import resource_tracker, shared_memory

from parts import hand_over, main, spawn, take

SLOTS = 16

rings = {}


def make(link):
    memory = shared_memory.SharedMemory(create=True, size=SLOTS * link.size)
    rings[link.number] = memory, spawn.Semaphore(SLOTS), spawn.Semaphore(0)
    hand_over(link, *rings[link.number])


class Ring:
    def __init__(self, link):
        self.owner = not link.sends
        self.memory, self.free, self.full = rings[link.number] if self.owner else take(link)
        if not self.owner:
            # The process that made the memory removes it. Python before 3.13 notes it
            # here too. A child shares the notes of its parent, this process does not.
            resource_tracker.unregister(self.memory._name, "shared_memory")
        self.slot = 0

    def next(self, size):
        at = self.slot * size
        self.slot = (self.slot + 1) % SLOTS
        return slice(at, at + size)

    def send(self, message):
        self.free.acquire()
        self.memory.buf[self.next(len(message))] = message
        self.full.release()

    def recv(self, size):
        self.full.acquire()
        message = bytes(self.memory.buf[self.next(size)])
        self.free.release()
        return message

    def close(self):
        self.memory.close()
        if self.owner:
            self.memory.unlink()


main("shared_memory", open=Ring, make=make)
