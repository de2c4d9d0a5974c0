#!/usr/bin/env python3
"""multiprocessing.Pipe: a pipe(2) that carries pickled objects, here bytes. There is
nothing to build."""

from parts import hand_over, main, spawn, take

readers = {}


def make(link):
    readers[link.number], writer = spawn.Pipe(duplex=False)
    hand_over(link, writer)
    writer.close()


class Pipe:
    def __init__(self, link):
        if link.sends:
            (self.end,) = take(link)
        else:
            self.end = readers[link.number]

    def send(self, message):
        self.end.send(bytes(message))

    def recv(self, size):
        return self.end.recv()

    def close(self):
        self.end.close()


main("Pipe", open=Pipe, make=make)
