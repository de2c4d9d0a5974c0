package semantics

import "golang.org/x/sys/unix"

var packetChecks = []Check{
	{ID: "K01", Mechanism: "packetpipe", Statement: "each write is one packet, and each read takes one",
		Expect: "3, 5", Source: "pipe(2), O_DIRECT", Since: "3.4", About: "boundaries",
		Observe: func(k *kernel) string {
			p := k.pipe(unix.O_DIRECT)
			need(k.write(p.w, "abc"))
			need(k.write(p.w, "defgh"))
			return say("%v, %v", k.read(p.r, 100), k.read(p.r, 100))
		}},
	{ID: "K02", Mechanism: "packetpipe", Statement: "a read with too small a buffer discards the rest of the packet, without an error",
		Expect: "of 100: 10, then the next packet: z", Source: "pipe(2), O_DIRECT", Since: "3.4", About: "too-big boundaries",
		Observe: func(k *kernel) string {
			p := k.pipe(unix.O_DIRECT)
			need(k.write(p.w, letters(100)))
			need(k.write(p.w, "z"))
			return say("of 100: %v, then the next packet: %s", k.read(p.r, 10), k.read(p.r, 100).text())
		}},
	{ID: "K03", Mechanism: "packetpipe", Statement: "a write of more than a page becomes several packets",
		Expect: "{2p+100} as {p}, {p}, 100", Source: "pipe(2), O_DIRECT, which says PIPE_BUF; fs/pipe.c, pipe_write", Since: "3.4", Needs: []Need{usualPipe}, About: "too-big boundaries",
		Observe: func(k *kernel) string {
			p := k.pipe(unix.O_DIRECT)
			n, whole := k.write(p.w, letters(2*k.host.page+100)), 2*k.host.page+808
			return say("%v as %v, %v, %v", n, k.read(p.r, whole), k.read(p.r, whole), k.read(p.r, whole))
		}},
	{ID: "K04", Mechanism: "packetpipe", Statement: "16 packets fit, of whatever size",
		Expect: "16/16", Source: "fs/pipe.c, PIPE_BUF_FLAG_PACKET", Since: "3.4", Needs: []Need{usualPipe}, About: "full limits",
		Observe: func(k *kernel) string {
			p := k.pipe(unix.O_DIRECT | unix.O_NONBLOCK)
			return k.do("fill", p.w, 1).text()
		}},
	{ID: "K05", Mechanism: "packetpipe", Statement: "a packet of no bytes does not exist, and a read of no bytes keeps the packet",
		Expect: "0, no packet: EAGAIN; read(0): 0, then 3", Source: "pipe(2), O_DIRECT", Since: "3.4", About: "boundaries",
		Observe: func(k *kernel) string {
			p := k.pipe(unix.O_DIRECT | unix.O_NONBLOCK)
			n, none := k.write(p.w, ""), k.read(p.r, 10)
			need(k.write(p.w, "abc"))
			return say("%v, no packet: %v; read(0): %v, then %v", n, none, k.read(p.r, 0), k.read(p.r, 10))
		}},
	{ID: "K06", Mechanism: "packetpipe", Statement: "F_SETFL turns packet mode on and off in mid-stream",
		Expect: "packets 3, 2; then 2 in one", Source: "pipe(2), O_DIRECT", Since: "4.5", Needs: []Need{usualPipe}, About: "boundaries descriptor",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			need(k.do("setfl", p.w, unix.O_DIRECT))
			need(k.write(p.w, "abc"))
			need(k.write(p.w, "de"))
			need(k.do("setfl", p.w, 0))
			need(k.write(p.w, "f"))
			need(k.write(p.w, "g"))
			return say("packets %v, %v; then %v in one", k.read(p.r, 9), k.read(p.r, 9), k.read(p.r, 9))
		}},
	{ID: "K07", Mechanism: "packetpipe", Statement: "whether a pipe can be made smaller is judged by packets, not by their bytes",
		Expect: "EBUSY with 5 bytes queued", Source: "fs/pipe.c, pipe_resize_ring; fcntl(2), F_SETPIPE_SZ", Since: "3.4", Needs: []Need{usualPipe}, About: "limits full",
		Observe: func(k *kernel) string {
			p := k.pipe(unix.O_DIRECT)
			for range 5 {
				need(k.write(p.w, "x"))
			}
			return say("%v with %v bytes queued", k.do("fcntl", p.w, unix.F_SETPIPE_SZ, k.host.page), k.do("fionread", p.r))
		}},
	{ID: "K08", Mechanism: "packetpipe", Statement: "a FIFO in packet mode: by open with O_DIRECT, and by F_SETFL",
		Source: "fs/open.c, FMODE_CAN_ODIRECT; fs/fcntl.c, setfl", About: "boundaries",
		Observe: func(k *kernel) string {
			need(k.do("mkfifo", "f", 0o600))
			open := k.do("open", "f", unix.O_RDWR|unix.O_DIRECT, 0)
			if open.Errno == 0 {
				open.N = 0 // a descriptor's number has no meaning
			}
			fd := need(k.do("open", "f", unix.O_RDWR, 0)).N
			set := k.do("setfl", fd, unix.O_DIRECT)
			need(k.write(fd, "ab"))
			need(k.write(fd, "c"))
			return say("open: %v; F_SETFL: %v, then 2 and 1 bytes are read as %v", open, set, k.read(fd, 9))
		}},
	{ID: "K10", Mechanism: "packetpipe", Statement: "readv and writev move one packet a call",
		Expect: "readv 3 of 3 and 2, writev of 2 and 3: 5", Source: "pipe(2), O_DIRECT; fs/pipe.c", Since: "3.4", About: "boundaries",
		Observe: func(k *kernel) string {
			p := k.pipe(unix.O_DIRECT)
			need(k.write(p.w, "abc"))
			need(k.write(p.w, "de"))
			first := k.do("readv", p.r, 2, 9)
			need(k.read(p.r, 9))
			need(k.do("writev", p.w, 2, "abcde"))
			return say("readv %v of 3 and 2, writev of 2 and 3: %v", first, k.read(p.r, 9))
		}},
	{ID: "K11", Mechanism: "packetpipe", Statement: "only the write end shows O_DIRECT",
		Expect: "write end O_DIRECT, read end 0", Source: "fs/pipe.c, create_pipe_files; fcntl(2)", Since: "3.4", About: "descriptor",
		Observe: func(k *kernel) string {
			p := k.pipe(unix.O_DIRECT)
			return say("write end %s, read end %s", k.mode(p.w, unix.O_DIRECT), k.mode(p.r, unix.O_DIRECT))
		}},
}
