package all

import (
	"errors"
	"fmt"
	"maps"
	"testing"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
	"ipcbench/mechanisms/internal/linktest"
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
		"sysvmsg: message size 8193 > 8192 (/proc/sys/kernel/msgmnb): would wait for room forever, msgop(2)":                                               false,
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
	linktest.Must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &files))
	if files.Cur < 256+64 { // another sentence says why
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
	linktest.Each(t, func(t *testing.T, m *mechanisms.Mechanism) {
		real, err := m.Limits(0)
		linktest.Must(t, err)
		pick := func(l mechanisms.Limit) mechanisms.Limit {
			if l.N > 0 {
				l.N = 8192
			}
			return l
		}
		fits := mechanisms.Spec{Size: max(1, real.Least.N), Senders: 1, Receivers: 1}
		if err := real.Admit(m.Name, fits); err != nil {
			t.Errorf("a message of %d bytes: %v", fits.Size, err)
		}
		for _, c := range []struct {
			only mechanisms.Limits
			Spec mechanisms.Spec
		}{
			{mechanisms.Limits{Message: pick(real.Message)}, mechanisms.Spec{Size: 8193, Senders: 1, Receivers: 1}},
			{mechanisms.Limits{Least: pick(real.Least)}, mechanisms.Spec{Size: 8191, Senders: 1, Receivers: 1}},
			{mechanisms.Limits{Atomic: pick(real.Atomic)}, mechanisms.Spec{Size: 8193, Senders: 2, Receivers: 1}},
			{mechanisms.Limits{Queue: pick(real.Queue)}, mechanisms.Spec{Size: 1, Senders: 1, Receivers: 1, Queue: 8193}},
			{mechanisms.Limits{Messages: pick(real.Messages)}, mechanisms.Spec{Size: 1, Senders: 1, Receivers: 1, Queue: 8193}},
			{mechanisms.Limits{Senders: pick(real.Senders)}, mechanisms.Spec{Size: 1, Senders: 8193, Receivers: 1}},
			{mechanisms.Limits{Receivers: pick(real.Receivers)}, mechanisms.Spec{Size: 1, Senders: 1, Receivers: 8193}},
		} {
			err := c.only.Admit(m.Name, c.Spec)
			if err == nil {
				continue
			}
			if text := linktest.Refused(t, err).Error(); got[text] {
				t.Errorf("said twice: %s", text)
			} else if _, known := sentences[text]; !known {
				t.Errorf("unexpected: %s", text)
			} else {
				got[text] = true
			}
		}
		// What is under the limit, or not asked about, passes.
		atomic := mechanisms.Limits{Atomic: mechanisms.Limit{N: 8}}
		if err := atomic.Admit(m.Name, mechanisms.Spec{Size: 9, Senders: 1, Receivers: 1}); err != nil {
			t.Errorf("one sender: %v", err)
		}
	})
	for text, always := range sentences {
		if m := mechanisms.Lookup(mechanismOf(text)); always && !got[text] && (m.Needs == nil || m.Needs() == nil) {
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
	linktest.Each(t, func(t *testing.T, m *mechanisms.Mechanism) {
		for _, queue := range []int{0, 100, 4096, 8000} {
			t.Run(fmt.Sprint("queue=", queue), func(t *testing.T) {
				limits, err := m.Limits(queue)
				linktest.Must(t, err)
				limit := limits.Message
				if limit.N == 0 {
					t.Skip("no limit")
				}
				s := linktest.Spec(t, m, limit.N)
				s.Queue = queue
				l := linktest.NewLink(t, m, s)
				out, in := linktest.Attach(t, m, l)
				n := 3
				if m.Lost != nil {
					n = 1 // fits any queue
				}
				linktest.Carry(t, out, in, s.Size, n)

				s.Size++
				refuse(t, m, s, limit)
			})
		}
	})
}

// refuse fails the test unless a message of s.Size is refused as limit says.
func refuse(t *testing.T, m *mechanisms.Mechanism, s mechanisms.Spec, limit mechanisms.Limit) {
	t.Helper()
	l, err := m.New(s)
	if err != nil { // where the kernel would not refuse, but wait, or nothing would
		if got := linktest.Refused(t, err).Limit; got.N != limit.N {
			t.Errorf("New: %v; want a limit of %d", err, limit.N)
		}
		return
	}
	defer linktest.Destroy(t, l)
	out, in := linktest.Attach(t, m, l)
	send := func() error { return out.Send(linktest.Message(s.Size, 0, 0)) }
	if limit.Errno == 0 { // the receiver finds out
		linktest.Within(t, func() error {
			return linktest.Together(send, func() error {
				if in.Recv(mechanisms.Buffer(s.Size)) == nil {
					return errors.New("the message arrived whole")
				}
				return nil
			})
		})
		return
	}
	linktest.Within(t, func() error {
		if err := send(); !errors.Is(err, limit.Errno) {
			return fmt.Errorf("sent %d bytes: got %v, want %v", s.Size, err, limit.Errno)
		}
		return nil
	})
}

func TestQueueIsWhatWasAskedForOrRefused(t *testing.T) {
	linktest.Each(t, func(t *testing.T, m *mechanisms.Mechanism) {
		s := linktest.Spec(t, m, 64)
		limits, err := m.Limits(0)
		linktest.Must(t, err)
		asks := []int{64, 100, 5000, 16384}
		if n := limits.Messages.N; n > 0 {
			asks = []int{64, 100, 64 * n}
			s.Queue = 64*n + 1
			_, err := m.New(s)
			if got, want := linktest.Refused(t, err).Error(), limits.Admit(m.Name, s).Error(); got != want {
				t.Errorf("New says %q, Admit %q", got, want)
			}
		}
		for _, s.Queue = range asks {
			l := linktest.NewLink(t, m, s)
			if l.Given.Queue < s.Queue || l.Given.Source == "" {
				t.Errorf("asked for %d bytes, given %+v", s.Queue, l.Given)
			}
		}
		if limits.Queue.N == 0 {
			return
		}
		s.Queue = limits.Queue.N
		linktest.NewLink(t, m, s)
		s.Queue++
		_, err = m.New(s)
		if got, want := linktest.Refused(t, err).Error(), limits.Admit(m.Name, s).Error(); got != want {
			t.Errorf("New says %q, Admit %q", got, want)
		}
	})
}

func TestTooManySlots(t *testing.T) {
	m := mechanisms.Lookup("sysvshm")
	if err := m.Needs(); err != nil {
		t.Skip(err)
	}
	s := mechanisms.Spec{Size: 64, Senders: 1, Receivers: 1, Queue: 32767 * 64}
	linktest.NewLink(t, m, s)
	s.Queue++
	_, err := m.New(s)
	if got, want := linktest.Refused(t, err).Error(), "sysvshm: slots 32768 > 32767 (SEMVMX): ERANGE, semop(2)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
