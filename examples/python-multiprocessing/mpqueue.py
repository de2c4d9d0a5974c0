#!/usr/bin/env python3
"""multiprocessing.Queue: a pipe(2) with locks, which a thread of the sender fills with
pickled objects, here bytes. There is nothing to build."""

from parts import hand_over, main, spawn, take

LENGTH = 64  # messages that a queue holds: put waits while it has as many

queues = {}


def make(link):
    queues[link.number] = spawn.Queue(LENGTH)
    hand_over(link, queues[link.number])


class Queue:
    def __init__(self, link):
        if link.sends:
            (self.queue,) = take(link)
        else:
            self.queue = queues[link.number]

    def send(self, message):
        self.queue.put(bytes(message))

    def recv(self, size):
        return self.queue.get()

    def close(self):
        self.queue.close()
        self.queue.join_thread()


main("Queue", open=Queue, make=make)
