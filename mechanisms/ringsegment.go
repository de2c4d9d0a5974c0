package mechanisms

import (
	"encoding/json"
	"errors"
	"math"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// segment is System V shared memory. It goes with the last process that has it
// attached, once Release has marked it.
type segment struct{}

func (segment) admit(Spec) error { return nil }

const shmMax = "/proc/sys/kernel/shmmax"

func (segment) make(l *Link, _ Spec, size int) (int, string, json.RawMessage, error) {
	id, err := sys.Shmget(unix.IPC_PRIVATE, size, 0o600)
	if errors.Is(err, unix.EINVAL) {
		largest, _ := sysctl(shmMax)
		err = &UnsupportedError{Mechanism: l.Mechanism, What: "segment", Value: size,
			Limit: Limit{N: largest, Source: shmMax, Beyond: "shmget(2)", Errno: unix.EINVAL}}
	}
	if err != nil {
		return 0, "", nil, err
	}
	o, err := sysvObject(KindShm, id)
	ds, e := sys.ShmStat(id)
	if err = errors.Join(err, e); err != nil {
		return 0, "", nil, errors.Join(err, sys.ShmRemove(id))
	}
	o.AtRelease = true
	l.Objects = append(l.Objects, o)
	found, err := json.Marshal(id)
	return int(ds.Segsz), "shm_segsz", found, err
}

func (segment) open(_ Ticket, found json.RawMessage, _ int) (mapping, error) {
	var id int
	if err := json.Unmarshal(found, &id); err != nil {
		return mapping{}, err
	}
	p, err := sys.Shmat(id)
	return mapping{p, func() error { return sys.Shmdt(p) }}, err
}

// segmentNeeds is the Needs of a ring in a segment.
func segmentNeeds(mech string) func() error {
	return sysvNeeds(mech, func() error { _, err := sys.ShmStat(-1); return err })
}

// segmentLimits are the limits of a ring in a segment.
func segmentLimits(k ringKind) func(int) (Limits, error) {
	return func(queue int) (Limits, error) {
		l, err := k.limits(queue)
		if err != nil {
			return l, err
		}
		largest, err := sysctl(shmMax)
		if err != nil || largest == math.MaxInt {
			return l, err
		}
		// The lines of a message of 64 bytes and its mark are twice its own: no size needs more.
		room := (largest - ringHeader) / 2 &^ (apart - 1)
		l.Queue = Limit{N: room, Source: shmMax, Beyond: "shmget(2)", Errno: unix.EINVAL}
		if queue == 0 {
			l.Message = Limit{N: room - markBytes, Source: shmMax, Beyond: "a ring of two slots, shmget(2)", Errno: unix.EINVAL}
		}
		return l, nil
	}
}
