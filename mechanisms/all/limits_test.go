package all

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"ipcbench/mechanisms"
	"ipcbench/mechanisms/internal/linktest"
)

// A limit's refusal names what was asked for, the limit, its source
// and what lies past it; what is within the limit, or not asked about, passes.
func TestAdmitSaysWhy(t *testing.T) {
	linktest.Each(t, func(t *testing.T, m *mechanisms.Mechanism) {
		real, err := m.Limits(0)
		linktest.Must(t, err)
		one := mechanisms.Spec{Size: 1, Senders: 1, Receivers: 1}
		for _, c := range []struct {
			what, relation string
			limit          mechanisms.Limit
			only           func(*mechanisms.Limits, mechanisms.Limit)
			ask            func(*mechanisms.Spec)
		}{
			{"message size", "8193 > 8192", real.Message, func(l *mechanisms.Limits, x mechanisms.Limit) { l.Message = x }, func(s *mechanisms.Spec) { s.Size = 8193 }},
			{"message size", "8191 < 8192", real.Least, func(l *mechanisms.Limits, x mechanisms.Limit) { l.Least = x }, func(s *mechanisms.Spec) { s.Size = 8191 }},
			{"message size with several senders", "8193 > 8192", real.Atomic, func(l *mechanisms.Limits, x mechanisms.Limit) { l.Atomic = x }, func(s *mechanisms.Spec) { s.Size, s.Senders = 8193, 2 }},
			{"queue", "8193 > 8192", real.Queue, func(l *mechanisms.Limits, x mechanisms.Limit) { l.Queue = x }, func(s *mechanisms.Spec) { s.Queue = 8193 }},
			{"messages in the queue", "8193 > 8192", real.Messages, func(l *mechanisms.Limits, x mechanisms.Limit) { l.Messages = x }, func(s *mechanisms.Spec) { s.Queue = 8193 }},
			{"senders", "8193 > 8192", real.Senders, func(l *mechanisms.Limits, x mechanisms.Limit) { l.Senders = x }, func(s *mechanisms.Spec) { s.Senders = 8193 }},
			{"receivers", "8193 > 8192", real.Receivers, func(l *mechanisms.Limits, x mechanisms.Limit) { l.Receivers = x }, func(s *mechanisms.Spec) { s.Receivers = 8193 }},
		} {
			s, limit := one, c.limit
			c.ask(&s)
			if limit.N > 0 {
				limit.N = 8192
			}
			var only mechanisms.Limits
			c.only(&only, limit)
			err := only.Admit(m.Name, s)
			if limit.N == 0 {
				if err != nil {
					t.Errorf("%s, which has no limit: %v", c.what, err)
				}
				continue
			}
			if limit.Source == "" || limit.Past() == "" {
				t.Errorf("%s: %+v lacks its source, or what lies past it", c.what, limit)
			}
			want := fmt.Sprintf("%s: %s %s (%s): %s", m.Name, c.what, c.relation, limit.Source, limit.Past())
			if got := linktest.Refused(t, err).Error(); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		fits := one
		fits.Size = max(1, real.Least.N)
		if err := real.Admit(m.Name, fits); err != nil {
			t.Errorf("a message of %d bytes: %v", fits.Size, err)
		}
		atomic := mechanisms.Limits{Atomic: mechanisms.Limit{N: 8}}
		if err := atomic.Admit(m.Name, mechanisms.Spec{Size: 9, Senders: 1, Receivers: 1}); err != nil {
			t.Errorf("one sender: %v", err)
		}
	})
}

// The sentences of limits that are the same on every machine, word by word.
func TestSentencesOfLimits(t *testing.T) {
	for want, asked := range map[string]mechanisms.Spec{
		"pipe: receivers 2 > 1 (byte stream): a short read leaves the rest to another receiver, read(2)":                                                       {Size: 64, Senders: 1, Receivers: 2},
		"pipe: message size with several senders 8193 > 4096 (PIPE_BUF): may interleave, pipe(7)":                                                              {Size: 8193, Senders: 2, Receivers: 1},
		"packetpipe: message size 8193 > 4096 (PIPE_BUF): split into several packets, pipe(2)":                                                                 {Size: 8193, Senders: 1, Receivers: 1},
		"shmspin: senders 2 > 1 (one writing index): two senders would write to the same slot: nothing keeps them apart, shm_overview(7)":                      {Size: 64, Senders: 2, Receivers: 1},
		"tcpzerocopy: message size 64 < 65536 (Documentation/networking/msg_zerocopy.rst): pinning pages and listing them costs more than the copy, sendto(2)": {Size: 64, Senders: 1, Receivers: 1},
		"udp: message size 65508 > 65507 (IPv4: 65535 - 28): EMSGSIZE, udp(7)":                                                                                 {Size: 65508, Senders: 1, Receivers: 1},
	} {
		name, _, _ := strings.Cut(want, ":")
		l, err := mechanisms.Lookup(name).Limits(0)
		linktest.Must(t, err)
		if got := linktest.Refused(t, l.Admit(name, asked)).Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
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
