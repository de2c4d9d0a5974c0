package semantics

import (
	"fmt"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// limit is a time limit of so many milliseconds; -1 is none.
func limit(ms int) *unix.Timespec {
	if ms < 0 {
		return nil
	}
	t := unix.NsecToTimespec(int64(ms) * int64(time.Millisecond))
	return &t
}

// noSignals is a mask that lets all signals through.
func noSignals(how int) *unix.Sigset_t {
	if how == 0 {
		return nil
	}
	return new(unix.Sigset_t)
}

// waitOps are calls that wait for descriptors. A mask of 1 lets all signals
// through, 0 keeps the thread's.
var waitOps = map[string]op{
	"pollfor": {name: "ppoll", params: "fd events ms mask", show: func(a answer) string { return flags("events", a.N) }, do: func(a []int, _ []byte) answer {
		fds := []unix.PollFd{{Fd: int32(a[0]), Events: int16(a[1])}}
		got := raw(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&fds[0])), 1, uintptr(unsafe.Pointer(limit(a[2]))), uintptr(unsafe.Pointer(noSignals(a[3]))), setSize, 0)
		return got.with(int(fds[0].Revents))
	}},
	"pollevents": {name: "poll, and events afterwards", params: "fd events", do: func(a []int, _ []byte) answer {
		fds := []unix.PollFd{{Fd: int32(a[0]), Events: int16(a[1]), Revents: 0x7f}}
		_, err := unix.Ppoll(fds, limit(0), nil)
		return filled(int(fds[0].Revents), err, fmt.Sprintf("events %s, revents %s", flags("events", int(fds[0].Events)), flags("events", int(fds[0].Revents))))
	}},
	"pollns": {name: "ppoll", params: "seconds ns", do: func(a []int, _ []byte) answer {
		return result(unix.Ppoll(nil, &unix.Timespec{Sec: cLong(a[0]), Nsec: cLong(a[1])}, nil))
	}},
	// The number of descriptors to look at, those to read from and to write to (-1: none).
	"select": {name: "pselect6", params: "n fd fd ms mask", show: shown, do: func(a []int, _ []byte) answer {
		var r, w unix.FdSet
		for i, set := range []*unix.FdSet{&r, &w} {
			if a[1+i] >= 0 {
				set.Set(a[1+i])
			}
		}
		n, err := unix.Pselect(a[0], &r, &w, nil, limit(a[3]), noSignals(a[4]))
		var ready []string
		for i, set := range []*unix.FdSet{&r, &w} {
			if a[1+i] >= 0 && set.IsSet(a[1+i]) {
				ready = append(ready, []string{"read", "write"}[i])
			}
		}
		return filled(n, err, strings.Join(append([]string{fmt.Sprint(n)}, ready...), " "))
	}},
	"selectns": {name: "pselect6", params: "seconds ns", do: func(a []int, _ []byte) answer {
		return result(unix.Pselect(0, nil, nil, nil, &unix.Timespec{Sec: cLong(a[0]), Nsec: cLong(a[1])}, nil))
	}},
	"epoll_pwait": {params: "fd ms mask", do: func(a []int, _ []byte) answer {
		all := make([]unix.EpollEvent, 4)
		return raw(unix.SYS_EPOLL_PWAIT, uintptr(a[0]), uintptr(unsafe.Pointer(&all[0])), 4, uintptr(a[1]), uintptr(unsafe.Pointer(noSignals(a[2]))), setSize)
	}},
	"epoll_pwait2": {params: "fd seconds ns", do: func(a []int, _ []byte) answer {
		all, until := make([]unix.EpollEvent, 4), [2]int64{int64(a[1]), int64(a[2])}
		return raw(unix.SYS_EPOLL_PWAIT2, uintptr(a[0]), uintptr(unsafe.Pointer(&all[0])), 4, uintptr(unsafe.Pointer(&until)), 0, 0)
	}},
	"epoll_eventsfor": {name: "epoll_wait", params: "fd ms", show: shown, do: func(a []int, _ []byte) answer { // what is ready then, in words
		all := make([]unix.EpollEvent, 8)
		n, err := unix.EpollWait(a[0], all, a[1])
		words := []string{fmt.Sprint(n)}
		for _, e := range all[:max(n, 0)] {
			words = append(words, flags("events", int(e.Events)))
		}
		return filled(n, err, strings.Join(words, " "))
	}},
	"epoll_first": {name: "epoll_wait, one event, its descriptor", params: "fd", do: func(a []int, _ []byte) answer {
		all := make([]unix.EpollEvent, 1)
		if n, err := unix.EpollWait(a[0], all, 0); err != nil || n != 1 {
			return result(n, err)
		}
		return answer{N: int(all[0].Fd)}
	}},
	"signalfd4": {params: "fd sig oflag", do: func(a []int, _ []byte) answer { // that signal alone, which it blocks; -1: a new one
		set := new(unix.Sigset_t)
		const bits = 8 * int(unsafe.Sizeof(set.Val[0]))
		set.Val[(a[1]-1)/bits] |= 1 << ((a[1] - 1) % bits)
		if err := unix.PthreadSigmask(unix.SIG_BLOCK, set, nil); err != nil {
			return result(-1, err)
		}
		return result(unix.Signalfd(a[0], set, a[2]))
	}},
	"futexns": {name: "futex", params: "attachment op n seconds ns", do: func(a []int, _ []byte) answer { // on the first word
		until := unix.Timespec{Sec: cLong(a[3]), Nsec: cLong(a[4])}
		return raw(unix.SYS_FUTEX, address(a[0], 0), uintptr(a[1]), uintptr(a[2]), uintptr(unsafe.Pointer(&until)), 0, uintptr(^uint32(0)))
	}},
	"futex_waitv": {params: "attachment n n ms", do: func(a []int, _ []byte) answer { // on its first two words, with these values
		type waiter struct {
			val, address    uint64
			flags, reserved uint32
		}
		const futex32 = 2
		var now unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
			return result(-1, err)
		}
		until := now.Nano() + int64(a[3])*int64(time.Millisecond)
		at := [2]int64{until / 1e9, until % 1e9}
		v := [2]waiter{{uint64(a[1]), uint64(address(a[0], 0)), futex32, 0}, {uint64(a[2]), uint64(address(a[0], 4)), futex32, 0}}
		return raw(unix.SYS_FUTEX_WAITV, uintptr(unsafe.Pointer(&v)), 2, 0, uintptr(unsafe.Pointer(&at)), unix.CLOCK_MONOTONIC, 0)
	}},
}
