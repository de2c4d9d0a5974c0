package mechanisms

import (
	"errors"
	"fmt"
	"maps"
	"testing"

	"golang.org/x/sys/unix"
)

// Each limit with its number replaced by 8192, so that the sentences do not
// depend on the machine. Limits that a capability lifts may be missing.
func TestAdmitSaysWhy(t *testing.T) {
	sentences := map[string]bool{ // true: on every machine
		"dgram: message size 8193 > 8192 (SO_SNDBUF - 32): EMSGSIZE, unix(7)":                                                                              true,
		"dgram: queue 8193 > 8192 (/proc/sys/net/core/wmem_max): capped in silence, socket(7)":                                                             true,
		"fifo: message size with several senders 8193 > 8192 (PIPE_BUF): may interleave, pipe(7)":                                                          true,
		"fifo: queue 8193 > 8192 (/proc/sys/fs/pipe-max-size): EPERM, fcntl(2)":                                                                            false,
		"fifo: receivers 8193 > 8192 (byte stream): a short read leaves the rest to another receiver, read(2)":                                             true,
		"iouring: message size with several senders 8193 > 8192 (PIPE_BUF): may interleave, pipe(7)":                                                       true,
		"iouring: queue 8193 > 8192 (/proc/sys/fs/pipe-max-size): EPERM, fcntl(2)":                                                                         false,
		"iouring: receivers 8193 > 8192 (byte stream): a short read leaves the rest to another receiver, read(2)":                                          true,
		"memfdpass: queue 8193 > 8192 (256 files of a page): as many as SO_SNDBUF and RLIMIT_NOFILE are sure to hold on their way, unix(7)":                true,
		"memfdpass: receivers 8193 > 8192 (one pool): files would not come back in the order in which they went, unix(7)":                                  true,
		"memfdpass: senders 8193 > 8192 (one pool): which sender's file is free again a byte does not tell, unix(7)":                                       true,
		"packetpipe: message size 8193 > 8192 (PIPE_BUF): split into several packets, pipe(2)":                                                             true,
		"packetpipe: queue 8193 > 8192 (/proc/sys/fs/pipe-max-size): EPERM, fcntl(2)":                                                                      false,
		"pipe: message size with several senders 8193 > 8192 (PIPE_BUF): may interleave, pipe(7)":                                                          true,
		"pipe: queue 8193 > 8192 (/proc/sys/fs/pipe-max-size): EPERM, fcntl(2)":                                                                            false,
		"pipe: receivers 8193 > 8192 (byte stream): a short read leaves the rest to another receiver, read(2)":                                             true,
		"pipenetpoll: message size with several senders 8193 > 8192 (PIPE_BUF): may interleave, pipe(7)":                                                   true,
		"pipenetpoll: queue 8193 > 8192 (/proc/sys/fs/pipe-max-size): EPERM, fcntl(2)":                                                                     false,
		"pipenetpoll: receivers 8193 > 8192 (byte stream): a short read leaves the rest to another receiver, read(2)":                                      true,
		"posixmq: message size 8193 > 8192 (/proc/sys/fs/mqueue/msgsize_max): EINVAL, mq_open(3)":                                                          true,
		"posixmq: messages in the queue 8193 > 8192 (/proc/sys/fs/mqueue/msg_max): EINVAL, mq_open(3)":                                                     true,
		"processvm: receivers 8193 > 8192 (one reading index): two receivers would take the same slot, process_vm_readv(2)":                                true,
		"processvm: senders 8193 > 8192 (one address): a receiver reads from one process, process_vm_readv(2)":                                             true,
		"seqpacket: message size 8193 > 8192 (SO_SNDBUF - 32): EMSGSIZE, unix(7)":                                                                          true,
		"seqpacket: queue 8193 > 8192 (/proc/sys/net/core/wmem_max): capped in silence, socket(7)":                                                         true,
		"socketpair: message size with several senders 8193 > 8192 (SOCK_STREAM): no page says that writes do not interleave, unix(7)":                     true,
		"socketpair: queue 8193 > 8192 (/proc/sys/net/core/wmem_max): capped in silence, socket(7)":                                                        true,
		"socketpair: receivers 8193 > 8192 (byte stream): a short read leaves the rest to another receiver, read(2)":                                       true,
		"splice: message size with several senders 8193 > 8192 (PIPE_BUF): may interleave, pipe(7)":                                                        true,
		"splice: queue 8193 > 8192 (/proc/sys/fs/pipe-max-size): EPERM, fcntl(2)":                                                                          false,
		"splice: receivers 8193 > 8192 (byte stream): a short read leaves the rest to another receiver, read(2)":                                           true,
		"sysvmsg: message size 8193 > 8192 (/proc/sys/kernel/msgmax): EINVAL, msgsnd(2)":                                                                   false,
		"sysvmsg: message size 8193 > 8192 (/proc/sys/kernel/msgmnb): would wait for room for ever, msgop(2)":                                              false,
		"sysvmsg: queue 8193 > 8192 (/proc/sys/kernel/msgmnb): EPERM, msgctl(2)":                                                                           false,
		"sysvshm: message size 8193 > 8192 (/proc/sys/kernel/shmmax): EINVAL, a ring of two slots, shmget(2)":                                              false,
		"sysvshm: queue 8193 > 8192 (/proc/sys/kernel/shmmax): EINVAL, shmget(2)":                                                                          false,
		"tee: message size with several senders 8193 > 8192 (PIPE_BUF): may interleave, pipe(7)":                                                           true,
		"tee: queue 8193 > 8192 (/proc/sys/fs/pipe-max-size): EPERM, fcntl(2)":                                                                             false,
		"tee: receivers 8193 > 8192 (byte stream): a short read leaves the rest to another receiver, read(2)":                                              true,
		"unixnetpoll: message size with several senders 8193 > 8192 (SOCK_STREAM): no page says that writes do not interleave, unix(7)":                    true,
		"unixnetpoll: queue 8193 > 8192 (/proc/sys/net/core/wmem_max): capped in silence, socket(7)":                                                       true,
		"unixnetpoll: receivers 8193 > 8192 (byte stream): a short read leaves the rest to another receiver, read(2)":                                      true,
		"vmsplice: message size with several senders 8193 > 8192 (vmsplice(2)): no page says that a call adds all of its pages at once, vmsplice(2)":       true,
		"vmsplice: queue 8193 > 8192 (/proc/sys/fs/pipe-max-size): EPERM, fcntl(2)":                                                                        false,
		"vmsplice: receivers 8193 > 8192 (byte stream): a short read leaves the rest to another receiver, read(2)":                                         true,
		"vmsplicegift: message size with several senders 8193 > 8192 (vmsplice(2)): no page says that a call adds all of its pages at once, vmsplice(2)":   true,
		"vmsplicegift: queue 8193 > 8192 (/proc/sys/fs/pipe-max-size): EPERM, fcntl(2)":                                                                    false,
		"vmsplicegift: receivers 8193 > 8192 (byte stream): a short read leaves the rest to another receiver, read(2)":                                     true,
		"vmsplicesplice: message size with several senders 8193 > 8192 (vmsplice(2)): no page says that a call adds all of its pages at once, vmsplice(2)": true,
		"vmsplicesplice: queue 8193 > 8192 (/proc/sys/fs/pipe-max-size): EPERM, fcntl(2)":                                                                  false,
		"vmsplicesplice: receivers 8193 > 8192 (byte stream): a short read leaves the rest to another receiver, read(2)":                                   true,
	}
	maps.Copy(sentences, socketSentences())
	var files unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &files))
	if files.Cur < mostFiles+otherFiles { // another sentence says why
		delete(sentences, "memfdpass: queue 8193 > 8192 (256 files of a page): as many as SO_SNDBUF and RLIMIT_NOFILE are sure to hold on their way, unix(7)")
		sentences[fmt.Sprintf("memfdpass: queue 8193 > 8192 (RLIMIT_NOFILE of %d): EMFILE, a file for each page, and 64 descriptors for what else a process has, getrlimit(2)", files.Cur)] = true
	}
	for _, ring := range []string{"shmcond", "shmeventfd", "shmfutex", "shmsem", "shmspin", "shmyield", "sysvshm", "sysvshmfutex", "sysvshmspin"} {
		sentences[ring+": receivers 8193 > 8192 (one reading index): two receivers would take the same slot: nothing keeps them apart, shm_overview(7)"] = true
	}
	for _, ring := range []string{"shmspin", "shmyield", "sysvshmspin"} {
		sentences[ring+": senders 8193 > 8192 (one writing index): two senders would write to the same slot: nothing keeps them apart, shm_overview(7)"] = true
	}
	for _, ring := range []string{"sysvshmfutex", "sysvshmspin"} {
		sentences[ring+": message size 8193 > 8192 (/proc/sys/kernel/shmmax): EINVAL, a ring of two slots, shmget(2)"] = false
		sentences[ring+": queue 8193 > 8192 (/proc/sys/kernel/shmmax): EINVAL, shmget(2)"] = false
	}
	got := map[string]bool{}
	each(t, func(t *testing.T, m *Mechanism) {
		real, err := m.Limits(0)
		must(t, err)
		pick := func(l Limit) Limit {
			if l.N > 0 {
				l.N = 8192
			}
			return l
		}
		fits := Spec{Size: max(1, real.Least.N), Senders: 1, Receivers: 1}
		if err := real.Admit(m.Name, fits); err != nil {
			t.Errorf("a message of %d bytes: %v", fits.Size, err)
		}
		for _, c := range []struct {
			only Limits
			spec Spec
		}{
			{Limits{Message: pick(real.Message)}, Spec{Size: 8193, Senders: 1, Receivers: 1}},
			{Limits{Least: pick(real.Least)}, Spec{Size: 8191, Senders: 1, Receivers: 1}},
			{Limits{Atomic: pick(real.Atomic)}, Spec{Size: 8193, Senders: 2, Receivers: 1}},
			{Limits{Queue: pick(real.Queue)}, Spec{Size: 1, Senders: 1, Receivers: 1, Queue: 8193}},
			{Limits{Messages: pick(real.Messages)}, Spec{Size: 1, Senders: 1, Receivers: 1, Queue: 8193}},
			{Limits{Senders: pick(real.Senders)}, Spec{Size: 1, Senders: 8193, Receivers: 1}},
			{Limits{Receivers: pick(real.Receivers)}, Spec{Size: 1, Senders: 1, Receivers: 8193}},
		} {
			err := c.only.Admit(m.Name, c.spec)
			if err == nil {
				continue
			}
			if text := refused(t, err).Error(); got[text] {
				t.Errorf("said twice: %s", text)
			} else if _, known := sentences[text]; !known {
				t.Errorf("unexpected: %s", text)
			} else {
				got[text] = true
			}
		}
		// What is under the limit, or not asked about, passes.
		atomic := Limits{Atomic: Limit{N: 8}}
		if err := atomic.Admit(m.Name, Spec{Size: 9, Senders: 1, Receivers: 1}); err != nil {
			t.Errorf("one sender: %v", err)
		}
	})
	for text, always := range sentences {
		if m := Lookup(mechanismOf(text)); always && !got[text] && (m.Needs == nil || m.Needs() == nil) {
			t.Errorf("missing: %s", text)
		}
	}
}

func mechanismOf(sentence string) (name string) {
	fmt.Sscanf(sentence, "%s", &name)
	return name[:len(name)-1]
}

// The limit arrives; one byte more is refused as declared.
func TestMessageLimitIsTheKernels(t *testing.T) {
	each(t, func(t *testing.T, m *Mechanism) {
		for _, queue := range []int{0, 100, 4096, 8000} {
			t.Run(fmt.Sprint("queue=", queue), func(t *testing.T) {
				limits, err := m.Limits(queue)
				must(t, err)
				limit := limits.Message
				if limit.N == 0 {
					t.Skip("no limit")
				}
				s := spec(t, m, limit.N)
				s.Queue = queue
				l := newLink(t, m, s)
				out, in := attach(t, m, l)
				n := 3
				if m.Lost != nil {
					n = 1 // fits any queue
				}
				carry(t, out, in, s.Size, n)

				s.Size++
				refuse(t, m, s, limit)
			})
		}
	})
}

// refuse fails the test unless a message of s.Size is refused as limit says.
func refuse(t *testing.T, m *Mechanism, s Spec, limit Limit) {
	t.Helper()
	l, err := m.New(s)
	if err != nil { // where the kernel would not refuse, but wait, or nothing would
		if got := refused(t, err).Limit; got.N != limit.N {
			t.Errorf("New: %v; want a limit of %d", err, limit.N)
		}
		return
	}
	defer destroy(t, l)
	out, in := attach(t, m, l)
	send := func() error { return out.Send(message(s.Size, 0, 0)) }
	if limit.Errno == 0 { // the receiver finds out
		within(t, func() error {
			return together(send, func() error {
				if in.Recv(Buffer(s.Size)) == nil {
					return errors.New("the message arrived whole")
				}
				return nil
			})
		})
		return
	}
	within(t, func() error {
		if err := send(); !errors.Is(err, limit.Errno) {
			return fmt.Errorf("sent %d bytes: got %v, want %v", s.Size, err, limit.Errno)
		}
		return nil
	})
}

func TestQueueIsWhatWasAskedForOrRefused(t *testing.T) {
	each(t, func(t *testing.T, m *Mechanism) {
		s := spec(t, m, 64)
		limits, err := m.Limits(0)
		must(t, err)
		asks := []int{64, 100, 5000, 16384}
		if n := limits.Messages.N; n > 0 {
			asks = []int{64, 100, 64 * n}
			s.Queue = 64*n + 1
			_, err := m.New(s)
			if got, want := refused(t, err).Error(), limits.Admit(m.Name, s).Error(); got != want {
				t.Errorf("New says %q, Admit %q", got, want)
			}
		}
		for _, s.Queue = range asks {
			l := newLink(t, m, s)
			if l.Given.Queue < s.Queue || l.Given.Source == "" {
				t.Errorf("asked for %d bytes, given %+v", s.Queue, l.Given)
			}
		}
		if limits.Queue.N == 0 {
			return
		}
		s.Queue = limits.Queue.N
		newLink(t, m, s)
		s.Queue++
		_, err = m.New(s)
		if got, want := refused(t, err).Error(), limits.Admit(m.Name, s).Error(); got != want {
			t.Errorf("New says %q, Admit %q", got, want)
		}
	})
}

// A send buffer may be larger than the largest message: the kernel wants a
// packet's memory in one piece.
func TestLargestSendBuffer(t *testing.T) {
	for _, name := range []string{"dgram", "seqpacket"} {
		queue, err := socketQueueLimit(unix.AF_UNIX, unix.SO_SNDBUF)
		must(t, err)
		limits, err := Lookup(name).Limits(queue.N)
		must(t, err)
		l := limits.Message
		switch {
		case l.Errno == unix.EMSGSIZE && l.N == 2*queue.N-32:
		case l.Errno == unix.ENOBUFS && l.N > 0 && l.N < 2*queue.N-32:
		default:
			t.Errorf("%s with a queue of %d bytes: %+v", name, queue.N, l)
		}
	}
}

func TestTooManySlots(t *testing.T) {
	m := Lookup("sysvshm")
	if err := m.Needs(); err != nil {
		t.Skip(err)
	}
	s := Spec{Size: 64, Senders: 1, Receivers: 1, Queue: 32767 * 64}
	newLink(t, m, s)
	s.Queue++
	_, err := m.New(s)
	if got, want := refused(t, err).Error(), "sysvshm: slots 32768 > 32767 (SEMVMX): ERANGE, semop(2)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
