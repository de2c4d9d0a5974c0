"""The Python kit of ipcbench: what a transport needs to be measured by

    ipcbench run --mech exec:./my-transport.py

An author writes how an end of a link is opened, how a message is sent and
received, and how the end is closed. This file has the rest: the loops, the clock,
the stamps, the checks and the protocol of docs/protocol.md, version 1. It needs
Linux, Python 3.9 and its standard library.

    class End:
        def __init__(self, link): ...
        def send(self, message): ...
        def recv(self, size): ...
        def close(self): ...

    ipcbench.main("mine", "1.0", open=End)
"""

import gc
import os
import stat
import struct
import sys
import time
import zlib

__all__ = ["Link", "Unsupported", "main", "read", "write"]


class Link:
    """A link of which this process has an end. It goes one way, from its senders to
    its receiver.

    sends      True: this process sends on the link, False: it receives from it
    number     of the link, from 0: the same in all processes
    senders    how many processes send on the link, at least 1
    receivers  how many receive from it: 1
    origin     the number of this sender on the link, from 0; 0 in a receiver
    fd         what descriptors in the declaration gave this end, to use and to close,
               or None
    size       bytes of every message, at least 1
    queue      capacity of the link in bytes (run --queue); 0: the transport's own
    dir        a private directory, the same in all processes; also the working
               directory
    play       "send", "receive", "call" or "forward"
    workload   such as "PingPong"
    role       such as "ping"
    """


class Unsupported(Exception):
    """Raised by make or open: the transport cannot do what the cell requires, and
    ipcbench skips the cell with that reason."""


def write(fd, message):
    """Writes all of the message to a descriptor in blocking mode."""
    done = os.write(fd, message)
    while done < len(message):
        done += os.write(fd, memoryview(message)[done:])


def read(fd, size):
    """Reads size bytes from a descriptor in blocking mode. It returns fewer if the
    stream ends, and b"" if none comes before its end."""
    message = os.read(fd, size)
    if len(message) == size:
        return message
    parts, have = [], 0
    while message:
        parts.append(message)
        have += len(message)
        if have == size:
            break
        message = os.read(fd, size - have)
    return b"".join(parts)


def main(name, version, open, make=None):
    """Plays the part that ipcbench gives this process, and ends the process.

    name and version are those of the transport, or of the library that it uses. The
    records have both.

    make(link) makes what senders need to find the link: it binds, listens, creates.
    It runs in the receiver, before any process opens an end. None: nothing to make.

    open(link) gets the same object as make and returns this process's end of the link, an object with
      send(message)  sends a message, a bytearray of link.size bytes, and waits while
                     there is no room. The kit changes the message after send has
                     returned
      recv(size)     waits for the next message and returns it as a bytes-like object.
                     If the senders have closed the link, it returns b"" or raises
                     EOFError
      close()        closes the end, after the last round
    An exception of these functions ends the launch with its text.
    """
    try:
        started = stat.S_ISSOCK(os.fstat(_CONTROL).st_mode)
    except OSError:
        started = False
    if not started:
        print(f"{name} is a transport for ipcbench, which starts it: ipcbench run --mech exec:PROGRAM", file=sys.stderr)
        sys.exit(2)
    os.set_inheritable(_CONTROL, False)
    _answer(f"hello protocol=1 kit=python name={name.replace(' ', '-')} version={version.replace(' ', '-')}")
    part = _Part(open, make)
    gc.freeze()
    while part.round():
        gc.disable()
        start = time.monotonic_ns()
        part.play()
        end = time.monotonic_ns()
        gc.enable()
        part.account(start, end)
    for link, end in part.ends:
        try:
            end.close()
        except Exception as e:
            _fail(f"close of link {link.number}", e)
    sys.exit(0)


_CONTROL = 3  # the descriptor on which ipcbench speaks
_MIX = 0x9E3779B97F4A7C15
_WORD = (1 << 64) - 1
_input = bytearray()  # what came from ipcbench and was not used


def _answer(text):
    """Sends a line."""
    try:
        write(_CONTROL, text.replace("\n", " ").encode() + b"\n")
    except OSError as e:
        print(f"{text}\nwrite to ipcbench, descriptor 3: {e}", file=sys.stderr)
        sys.exit(1)


def _die(text):
    """Answers that the part failed, and ends the process."""
    _answer("error " + text)
    sys.exit(1)


def _fail(call, e):
    """Ends the process for an exception of the author's. One that is no error of the
    system is a mistake, whose place is of interest."""
    if isinstance(e, Unsupported) and call.startswith(("make", "open")):
        _answer(f"unsupported {e}")
        sys.exit(0)
    if not isinstance(e, OSError):
        sys.excepthook(type(e), e, e.__traceback__)
    _die(f"{call}: {e.strerror if isinstance(e, OSError) and e.strerror else repr(e)}")


def _line(*words):
    """The next line from ipcbench, which must begin with one of the words, and its
    fields."""
    while b"\n" not in _input:
        if len(_input) >= 1 << 20:
            _die(f"a line from ipcbench has more than {1 << 20} bytes")
        text = os.read(_CONTROL, 4096)
        if not text:
            print("ipcbench has closed the control descriptor", file=sys.stderr)
            sys.exit(1)
        _input.extend(text)
    at = _input.index(b"\n")
    text = _input[:at].decode(errors="replace")
    del _input[: at + 1]
    word, *fields = text.split(" ")
    if word not in words:
        _die(f'line "{text}" out of turn: want {" or ".join(words)}')
    return word, _Fields(text, fields)


class _Fields(dict):
    """The fields of a line by their names."""

    def __init__(self, text, fields):
        super().__init__(f.split("=", 1) for f in fields if "=" in f)
        self.text = text

    def __missing__(self, key):
        _die(f'line "{self.text}": field {key} is missing')

    def number(self, key, base=10):
        try:
            return int(self[key], base)
        except ValueError:
            _die(f'line "{self.text}": field {key} is no number')


class _Origin:
    """What a receiver knows of the messages of a sender in this round: stamps of the
    first message and of the next one."""

    def __init__(self, first=None):
        self.first = self.due = first
        self.digest = self.crc = 0


class _Part:
    """What this process plays."""

    def __init__(self, open, make):
        _, part = _line("part")
        self.name, self.size = part["play"], part.number("size")
        if self.size < 1:
            _die(f'line "{part.text}": no size of a message')
        links, why = [], None
        while True:
            word, fields = _line("link", "make")
            if word == "make":
                break
            link = Link()
            link.sends = fields["way"] == "send"
            link.number, link.senders, link.receivers = map(fields.number, ("number", "senders", "receivers"))
            link.origin = fields.number("origin") if link.sends else 0
            link.fd = fields.number("fd") if "fd" in fields else None
            if link.fd is not None:
                os.set_inheritable(link.fd, False)  # a child would keep the link open
            link.size, link.queue = self.size, part.number("queue")
            link.dir, link.play, link.workload, link.role = part["dir"], part["play"], part["workload"], part["role"]
            links.append(link)
            if link.senders > 1 and self.size < 8 and not link.sends:
                why = "messages of fewer than 8 bytes do not name their sender"
        ways = sorted(link.sends for link in links)
        plays = {"send": [True], "receive": [False], "call": [False, True], "forward": [False, True]}
        if self.name not in plays:
            why = "this kit has the plays send, receive, call and forward"
        elif len(ways) > len(set(ways)):
            why = "this kit plays on at most one link of each way"
        elif ways != plays[self.name]:
            _die(f"play {self.name} lacks a link")
        if why:
            _answer("unsupported " + why)
            sys.exit(0)
        self.into = next((link for link in links if not link.sends), None)
        self.out = next((link for link in links if link.sends), None)
        if make and self.into:
            try:
                make(self.into)
            except Exception as e:
                _fail(f"make of link {self.into.number}", e)
        _answer("made")
        _line("open")
        self.ends = []
        self.recv = self.send = None
        for link in links:
            try:
                end = open(link)
                if link.sends:
                    self.send = end.send
                else:
                    self.recv = end.recv
                self.ends.append((link, end))
            except Exception as e:
                _fail(f"open of link {link.number}", e)
        self.message = bytearray(self.size)
        _answer("ready")

    def round(self):
        """Gets ready for the next round and waits for its start. False: there is no
        further one."""
        word, fields = _line("round", "close")
        if word == "close":
            return False
        self.count = fields.number("count")
        self.first = fields.number("first", 16) if self.name in ("send", "call") else 0
        self.stamp = self.first
        self.sealed = fields.get("sealed") == "1"
        self.times = {} if fields.get("latency") == "1" and self.name == "call" else None
        self.origins = [_Origin() for _ in range(self.into.senders)] if self.into else []
        if self.name == "call":
            self.origins[0] = _Origin(self.first)
        self.quick = len(self.origins) == 1 and self.size >= 8 and not self.sealed
        _answer("armed")
        _line("go")
        return True

    def play(self):
        """Plays a round."""
        send_next, recv_next = self.send_next, self.recv_next
        if self.name == "send":
            for _ in range(self.count):
                send_next()
        elif self.name == "receive":
            for _ in range(self.count):
                recv_next()
        elif self.name == "call" and self.times is None:
            for _ in range(self.count):
                send_next()
                recv_next()
        elif self.name == "call":
            times, last = self.times, time.monotonic_ns()
            for _ in range(self.count):
                send_next()
                recv_next()
                now = time.monotonic_ns()
                ns, last = now - last, now
                shift = max(ns.bit_length() - 11, 0)  # rounded down by at most 1/1024
                ns = ns >> shift << shift
                times[ns] = times.get(ns, 0) + 1
        else:
            send = self.send
            for _ in range(self.count):
                message = recv_next()
                try:
                    send(message)
                except Exception as e:
                    self.send_failed(e)

    def send_next(self):
        """Makes the buffer the next message of this part, and sends it."""
        message, stamp = self.message, self.stamp
        if self.sealed:
            message = self.message = bytearray(self.seal(stamp))
        elif self.size >= 8:
            _put(message, 0, stamp)
        else:
            message[:] = stamp.to_bytes(8, "little")[: self.size]
        self.stamp = stamp + 1
        try:
            self.send(message)
        except Exception as e:
            self.send_failed(e)

    def recv_next(self):
        """Receives the next message, checks it and returns it."""
        try:
            message = self.recv(self.size)
            length = len(message)
        except EOFError:
            length = 0
        except Exception as e:
            _fail(f"recv of message {self.received() + 1} on link {self.into.number}", e)
        if length != self.size:
            due, number = self.received() + 1, self.into.number
            if length == 0:
                _die(f"end of link {number} before message {due}: recv returned no byte")
            _die(f"message {due} on link {number} has {length} bytes, want {self.size}")
        origin = self.origins[0]
        if self.quick:
            (stamp,) = _get(message)
            if stamp == origin.due:
                origin.digest = (origin.digest ^ stamp) * _MIX & _WORD
                origin.due = stamp + 1
                return message
        self.examine(message)
        return message

    def examine(self, message):
        """The check of a message for all that a round may ask."""
        got, index = int.from_bytes(message[:8], "little"), 0
        if len(self.origins) > 1:
            index = got >> 48
        if index >= len(self.origins):
            _die(f"message of origin {index} on link {self.into.number}, which has {len(self.origins)} senders: damaged, or of another link")
        origin = self.origins[index]
        if origin.due is None:
            origin.first = origin.due = got
        number = origin.due - origin.first + 1
        want = origin.due & ((1 << 8 * min(self.size, 8)) - 1)
        if got != want:
            distance = min((got - want) & _WORD, (want - got) & _WORD)
            what = "damaged, or of another link" if distance > 1 << 32 else "lost, doubled or reordered"
            _die(f"message {number} of origin {index}: {what}: want {want:x}, got {got:x}")
        if self.sealed:
            expected = self.seal(got)
            if message != expected:
                at, want, got = next((i, w, g) for i, (w, g) in enumerate(zip(expected, bytes(message))) if w != g)
                _die(f"message {number} of origin {index}: damaged at byte {at} of {self.size}: want {want:02x}, got {got:02x}")
            origin.crc = zlib.crc32(message, origin.crc)
        origin.digest = (origin.digest ^ got) * _MIX & _WORD
        origin.due += 1

    def seal(self, stamp):
        """The message of a sealed round that has this stamp."""
        x, words = (stamp * _MIX + 1) & _WORD, [stamp & _WORD]
        for _ in range((self.size - 8) // 8):
            x ^= x << 13 & _WORD
            x ^= x >> 7
            x ^= x << 17 & _WORD
            words.append(x)
        words.append(x)
        return struct.pack(f"<{len(words)}Q", *words)[: self.size]

    def received(self):
        """How many messages of the round have come."""
        return sum(o.due - o.first for o in self.origins if o.due is not None)

    def sent(self):
        """How many messages of the round have gone."""
        return self.received() if self.name == "forward" else self.stamp - self.first

    def send_failed(self, e):
        _fail(f"send of message {self.sent()} on link {self.out.number}", e)

    def account(self, start, end):
        """Answers with the account of the round."""
        origins = self.origins or [_Origin(0)]
        text = f"done start={start} end={end} sent={self.sent() if self.out else 0}"
        text += " received=" + ",".join(str((o.due or 0) - (o.first or 0)) for o in origins)
        text += " digest=" + ",".join(f"{o.digest:x}" for o in origins)
        if self.sealed:
            text += " crc=" + ",".join(f"{o.crc:x}" for o in origins)
        if self.times is not None:
            text += " latencies=" + ",".join(f"{ns}:{n}" for ns, n in sorted(self.times.items()))
        _answer(text)


_put = struct.Struct("<Q").pack_into
_get = struct.Struct("<Q").unpack_from
