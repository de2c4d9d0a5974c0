// Package shm registers the mechanisms on shared memory, one file each. All but
// processvm are the ring of ring.go, in a memory of memory.go, with a way to wait
// of waiting.go or of the mechanism's own file. facts.go is what their readers
// must know of all.
package shm

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"ipcbench/internal/sharedmem"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

// linePairPad is the distance in bytes between words that different CPUs write: some
// fetch lines in pairs.
const linePairPad = 128

// markBytes is the size of the mark behind the message in a slot.
const markBytes = 8

const ringHeader = int(unsafe.Sizeof(header{}))

// side is one of the two ends of a ring; a sender has no other words than
// the other senders.
type side int

const (
	sending side = iota
	receiving
)

func (s side) other() side { return 1 - s }

// header lies behind the slots: what the ends share apart from messages. New
// memory is zero, and so it begins. Which of it is used is a matter of how the
// ring's ends wait.
type header struct {
	consumed sharedCount  // the slots that the receiver has handed back, ever
	place    [2]cursor    // by side
	wait     [2]waitState // by side: what it waits on
	lock     struct {     // held by the sender that writes, where there are several
		sharedmem.Mutex
		_ [linePairPad - 4]byte
	}
}

// sharedCount is a count with memory of its own.
type sharedCount struct {
	atomic.Uint64
	_ [linePairPad - 8]byte
}

// cursor is where a side stands; no other process reads it.
type cursor struct {
	passed uint64 // the slots that it has handed on, ever
	at     uint64 // where its next slot begins
	_      [linePairPad - 16]byte
}

// waitState are what a side waits on.
type waitState struct {
	word    atomic.Uint32 // of its futex
	waiters atomic.Uint32
	count   uint64 // guarded by mutex
	sharedmem.Mutex
	_ [linePairPad - 20]byte
}

// lines are the bytes of the cache lines that hold so many.
func lines(n int) int { return (n + sharedmem.CacheLine - 1) &^ (sharedmem.CacheLine - 1) }

// markAt is where the mark of a slot lies, behind a message of size bytes.
func markAt(size int) int { return (size + markBytes - 1) &^ (markBytes - 1) }

// stride is the distance of slots for messages of size bytes.
func stride(size int) int { return lines(markAt(size) + markBytes) }

// slotsFor returns how many messages make up the bytes that s asks for, each on
// lines of its own, rounded up; by default at least two batches, so that sender
// and receiver need not alternate. Marks are not counted.
func slotsFor(s mechanisms.Spec) int {
	step := lines(s.Size)
	if s.Queue == 0 {
		return max(2*max(1, s.Batch), mechanisms.DefaultQueue/step)
	}
	return (s.Queue + step - 1) / step
}

// headerAt is where the header begins behind so many bytes of slots.
func headerAt(slots int) int { return (slots + linePairPad - 1) &^ (linePairPad - 1) }

// ringBytes is how much memory a ring of so many slots takes.
func ringBytes(slots, size int) int { return headerAt(slots*stride(size)) + ringHeader }

// ring is the mapped ring of one end.
type ring struct {
	mechanism string
	slots     int
	size      int // bytes in a message
	mark      int // where in a slot its mark lies
	stride    int // bytes from slot to slot
	end       int // where the slots end
	memory    mapping
	*header
	*cursor // of its own side
	side
	closers []func() error // of what its end waits on besides memory
}

// lay finds the parts of a ring in its memory.
func lay(mech string, s mechanisms.Spec, slots int, m mapping, from side) *ring {
	end := slots * stride(s.Size)
	h := (*header)(unsafe.Pointer(&m.bytes[headerAt(end)]))
	return &ring{
		mechanism: mech, slots: slots, size: s.Size, mark: markAt(s.Size), stride: stride(s.Size), end: end, memory: m,
		header: h, cursor: &h.place[from], side: from,
	}
}

// touch maps every page, so that no page fault falls into the timed path.
// Adding 0 writes to a page and changes nothing that another end has put there.
func (r *ring) touch() {
	for at := 0; at < len(r.memory.bytes); at += os.Getpagesize() {
		atomic.AddUint32((*uint32)(unsafe.Pointer(&r.memory.bytes[at])), 0)
	}
}

// Mapped is the memory of the ring.
func (r *ring) Mapped() []byte { return r.memory.bytes }

// nth is where the i-th slot from here begins, i at most what the ring has.
func (r *ring) nth(i int) int {
	at := int(r.at) + i*r.stride
	if at >= r.end {
		at -= r.end
	}
	return at
}

// message is the memory of the message in the slot that begins there.
func (r *ring) message(at int) []byte { return r.memory.bytes[at : at+r.size : at+r.mark] }

// slot returns the memory of the next message.
func (r *ring) slot() []byte { return r.message(int(r.at)) }

// marked is the mark of the i-th slot from here.
func (r *ring) marked(i int) *atomic.Uint64 {
	return (*atomic.Uint64)(unsafe.Pointer(&r.memory.bytes[r.nth(i)+r.mark]))
}

// advance moves on by n slots.
func (r *ring) advance(n int) {
	r.passed += uint64(n)
	r.at = uint64(r.nth(n))
}

// Close gives up this end's mapping of the memory, and what it has waited on.
// Once only.
func (r *ring) Close() error {
	errs := []error{r.memory.unmap()}
	for _, closes := range r.closers {
		errs = append(errs, closes())
	}
	return errors.Join(errs...)
}

func (r *ring) fails(op string, size int, err error) error {
	return mechanisms.Failed(op, r.mechanism, size, err)
}

// whole reports whether the messages of a batch are of the ring's size.
func (r *ring) whole(ps [][]byte) error {
	for _, p := range ps {
		if len(p) != r.size {
			return mechanisms.WrongLength(len(p), r.size)
		}
	}
	return nil
}

// waiting is how an end waits for a count to grow, and announces one that has.
// Counts go up only.
type waiting interface {
	// await waits until the word is least or more.
	await(word *atomic.Uint64, least uint64) error
	// announce stores to a word that the other side may wait for. What was read
	// and written before is seen there once the word is.
	announce(word *atomic.Uint64, value uint64) error
}

func reached(word *atomic.Uint64, least uint64) bool { return int64(word.Load()-least) >= 0 }

// producer is a sender's slot access by counts. It marks each slot that it fills, behind
// the message, with the number of the message: the receiver that waits looks at memory
// that it reads anyway, and one cache line brings a small message whole.
type producer struct {
	*ring
	waiting
	seen uint64 // what the receiver had emptied when last looked at
}

// least is what the receiver must have emptied before n slots more are free.
func (f *producer) least(n int) uint64 { return f.passed + uint64(n) - uint64(f.slots) }

// acquire looks at the receiver's count only when what is known of it is not enough.
// What is known may be long out of date: another sender may have gone on.
func (f *producer) acquire(n int) error {
	if int64(f.seen-f.least(n)) >= 0 {
		return nil
	}
	return f.catchUp(f.least(n))
}

func (f *producer) catchUp(least uint64) error {
	err := f.await(&f.consumed.Uint64, least)
	f.seen = f.consumed.Load()
	return err
}

func (f *producer) tryAcquire() (bool, error) {
	f.seen = f.consumed.Load()
	return int64(f.seen-f.least(1)) >= 0, nil
}

// publish marks the slots in order, and announces the last.
func (f *producer) publish(n int) error {
	for ; n > 1; n-- {
		mark := f.marked(0)
		f.advance(1)
		sys.StoreRelease(mark, f.passed)
	}
	mark := f.marked(0)
	f.advance(1)
	return f.announce(mark, f.passed)
}

// consumer is a receiver's slot access by counts. It counts in one place what it has
// emptied, where the sender seldom looks.
type consumer struct {
	*ring
	waiting
}

// acquire waits for the last of n slots: they are filled in order.
func (e *consumer) acquire(n int) error {
	mark, least := e.marked(n-1), e.passed+uint64(n)
	if reached(mark, least) {
		return nil
	}
	return e.await(mark, least)
}

func (e *consumer) tryAcquire() (bool, error) { return reached(e.marked(0), e.passed+1), nil }

func (e *consumer) publish(n int) error {
	e.advance(n)
	return e.announce(&e.consumed.Uint64, e.passed)
}

// counted is the slot access by counts of this end.
func (r *ring) counted(w waiting) slotAccess {
	if r.side == sending {
		return &producer{ring: r, waiting: w}
	}
	return &consumer{r, w}
}

// ringSender is the sending end of a ring, however it waits.
type ringSender struct {
	*ring
	slotAccess
}

func (s *ringSender) Send(p []byte) error {
	if len(p) != s.size {
		return s.fails("send", len(p), mechanisms.WrongLength(len(p), s.size))
	}
	if err := s.acquire(1); err != nil {
		return s.fails("send", len(p), err)
	}
	copy(s.slot(), p)
	return s.Commit()
}

// Fill takes slots as long as it need not wait.
func (s *ringSender) Fill(p []byte) (int, error) {
	for whole := 0; ; whole++ {
		ok, err := s.tryAcquire()
		if ok {
			copy(s.slot(), p)
			err = s.publish(1)
		}
		if err != nil {
			return whole, s.fails("send", len(p), err)
		}
		if !ok {
			return whole, nil
		}
	}
}

// SendBatch hands over all of ps at once.
func (s *ringSender) SendBatch(ps [][]byte) error {
	if err := s.whole(ps); err != nil {
		return s.fails("send", s.size, err)
	}
	if err := s.acquire(len(ps)); err != nil {
		return s.fails("send", s.size, err)
	}
	for i, p := range ps {
		copy(s.message(s.nth(i)), p)
	}
	if err := s.publish(len(ps)); err != nil {
		return s.fails("send", s.size, err)
	}
	return nil
}

func (s *ringSender) Reserve() ([]byte, error) {
	if err := s.acquire(1); err != nil {
		return nil, s.fails("send", s.size, err)
	}
	return s.slot(), nil
}

func (s *ringSender) Commit() error {
	if err := s.publish(1); err != nil {
		return s.fails("send", s.size, err)
	}
	return nil
}

// ringReceiver is the receiving end of a ring, however it waits.
type ringReceiver struct {
	*ring
	slotAccess
}

func (r *ringReceiver) Recv(p []byte) error {
	if len(p) != r.size {
		return r.fails("recv", len(p), mechanisms.WrongLength(r.size, len(p)))
	}
	if err := r.acquire(1); err != nil {
		return r.fails("recv", len(p), err)
	}
	copy(p, r.slot())
	return r.Release()
}

// RecvBatch takes as many messages as ps has room for, and waits for all.
func (r *ringReceiver) RecvBatch(ps [][]byte) error {
	if err := r.whole(ps); err != nil {
		return r.fails("recv", r.size, err)
	}
	if err := r.acquire(len(ps)); err != nil {
		return r.fails("recv", r.size, err)
	}
	for i, p := range ps {
		copy(p, r.message(r.nth(i)))
	}
	if err := r.publish(len(ps)); err != nil {
		return r.fails("recv", r.size, err)
	}
	return nil
}

func (r *ringReceiver) Peek() ([]byte, error) {
	if err := r.acquire(1); err != nil {
		return nil, r.fails("recv", r.size, err)
	}
	return r.slot(), nil
}

func (r *ringReceiver) Release() error {
	if err := r.publish(1); err != nil {
		return r.fails("recv", r.size, err)
	}
	return nil
}

// ringKind is a ring of one name: one layout, in one kind of memory, with one
// way to wait.
type ringKind struct {
	name string
	in   memory         // nil: what the Spec asks for
	hop  mechanisms.Hop // of either side
	// spins says that its ends wait without sleeping, with Send and Recv of their own.
	spins bool
	// single says that it has one sender. Else several take turns by a lock.
	single bool
	// begin writes to new memory what its ends wait on. Optional.
	begin func(h *header, slots int)
	// prepare makes what its ends wait on besides memory. Optional.
	prepare func(*ringBuild) error
	// wait gives an end its slot access; it is nil where ends are of a kind of their own.
	wait func(mechanisms.Ticket, *ring) (slotAccess, error)
}

// register registers the mechanism whose links are rings of this kind. What all
// of them have in common is filled in here.
func (k ringKind) register(m mechanisms.Mechanism) *mechanisms.Mechanism {
	m.Name, m.Framing, m.Batches, m.WorksInPlace, m.Maps, m.Spins = k.name, mechanisms.Slot, true, true, true, k.spins
	m.New, m.Capacity = k.make, mechanisms.OwnCapacity
	m.Facts.Path = mechanisms.Path{Send: k.hop, Object: ringObject, Receive: k.hop}
	if k.in == nil {
		m.Family, m.Since, m.Limits, m.Memories, m.Room = mechanisms.Rings, ringSince, k.limits, ringMemories, memoryRoom
	} else {
		m.Family, m.Since, m.Limits, m.Needs = mechanisms.SystemV, segmentSince, segmentLimits(k), segmentNeeds(k.name)
		m.Facts.Path.Object, m.Facts.Unrelated = segmentObject, true
		if m.Uses == nil {
			m.Uses = segmentUses
		}
	}
	send, recv := ringEnd.sender, ringEnd.receiver
	if k.spins {
		send, recv = ringEnd.spinSender, ringEnd.spinReceiver
	}
	if m.OpenSender == nil { // it has no ends of its own
		m.OpenSender, m.OpenReceiver = mechanisms.Opens(k.turn(sending), send), mechanisms.Opens(k.turn(receiving), recv)
	}
	return mechanisms.Register(m)
}

// ringBuild is a ring while it is made.
type ringBuild struct {
	*mechanisms.Link
	mechanisms.Spec
	ringAttr
}

// ringAttr is what an end needs to find the ring.
type ringAttr struct {
	Slots int             `json:"slots"`
	Found json.RawMessage `json:"found,omitempty"` // of its memory
	Sem   int             `json:"sem"`             // System V semaphores
}

// memory is what a ring lies in that s asks for.
func (k ringKind) memory(s mechanisms.Spec) memory {
	switch {
	case k.in != nil:
		return k.in
	case s.Memory == "":
		return memories[ringMemories[0]]
	}
	return memories[s.Memory]
}

func (k ringKind) limits(queue int) (mechanisms.Limits, error) {
	l := mechanisms.Limits{
		Receivers: mechanisms.Limit{N: 1, Source: "one reading index", Beyond: "two receivers would take the same slot: nothing keeps them apart, shm_overview(7)"},
	}
	if k.single {
		l.Senders = mechanisms.Limit{N: 1, Source: "one writing index", Beyond: "two senders would write to the same slot: nothing keeps them apart, shm_overview(7)"}
	}
	if queue > 0 {
		l.Message = tooLargeForRing(queue)
	}
	return l, nil
}

// tooLargeForRing is the limit on a message where the ring's size was asked
// for. Nothing in the kernel draws it: New refuses.
func tooLargeForRing(queue int) mechanisms.Limit {
	return mechanisms.Limit{N: queue, Source: "the queue asked for", Beyond: "no slot of the ring holds it"}
}

func (k ringKind) make(s mechanisms.Spec) (*mechanisms.Link, error) {
	l, err := k.build(s)
	if err != nil {
		return nil, mechanisms.Failed("make", k.name, s.Size, err)
	}
	return l, nil
}

// build makes the memory and what else there is. What it has made is in the
// link as soon as it exists, so that a failure leaves nothing.
func (k ringKind) build(s mechanisms.Spec) (l *mechanisms.Link, err error) {
	m := ringBuild{Link: &mechanisms.Link{Mechanism: k.name}, Spec: s, ringAttr: ringAttr{Slots: slotsFor(s)}}
	switch {
	case s.Queue > 0 && s.Size > s.Queue:
		return nil, &mechanisms.UnsupportedError{Mechanism: k.name, What: "message size", Value: s.Size, Limit: tooLargeForRing(s.Queue)}
	case s.Batch > m.Slots:
		return nil, &mechanisms.UnsupportedError{Mechanism: k.name, What: "batch", Value: s.Batch,
			Limit: mechanisms.Limit{N: m.Slots, Source: "slots of the queue asked for", Beyond: "they would never all be free"}}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Destroy())
		}
	}()
	size := ringBytes(m.Slots, s.Size)
	n, source, found, err := k.memory(s).make(m.Link, s, size)
	if err != nil {
		return nil, err
	}
	m.Found, m.Given = found, mechanisms.Given{Queue: n - size + m.Slots*lines(s.Size), Source: source + " less the ring's header and marks"}
	if k.prepare != nil {
		if err = k.prepare(&m); err != nil {
			return nil, err
		}
	}
	text, err := json.Marshal(m.ringAttr)
	m.Sender.Spec, m.Sender.Attr = s, text
	m.Receiver.Spec, m.Receiver.Attr = s, text
	if err == nil && k.begin != nil {
		err = k.write(m.Sender)
	}
	return m.Link, err
}

// write maps new memory for long enough to begin it.
func (k ringKind) write(t mechanisms.Ticket) error {
	r, _, err := k.open(t, sending)
	if err != nil {
		return err
	}
	k.begin(r.header, r.slots)
	return r.Close()
}

// open maps the ring for one end.
func (k ringKind) open(t mechanisms.Ticket, from side) (*ring, ringAttr, error) {
	var a ringAttr
	if err := json.Unmarshal(t.Attr, &a); err != nil {
		return nil, a, mechanisms.Failed("open", k.name, t.Spec.Size, err)
	}
	size := ringBytes(a.Slots, t.Spec.Size)
	m, err := k.memory(t.Spec).open(t, a.Found, size)
	if err == nil && len(m.bytes) < size {
		err = errors.Join(fmt.Errorf("memory of %d bytes, want %d: %w", len(m.bytes), size, mechanisms.ErrNotOurs), m.unmap())
	}
	if err != nil {
		return nil, a, mechanisms.Failed("open", k.name, t.Spec.Size, err)
	}
	r := lay(k.name, t.Spec, a.Slots, m, from)
	r.touch()
	return r, a, nil
}

// ringEnd is an end of a ring before it is a sender or a receiver.
type ringEnd struct {
	*ring
	slotAccess
}

func (e ringEnd) sender() mechanisms.Sender     { return (*ringSender)(&e) }
func (e ringEnd) receiver() mechanisms.Receiver { return (*ringReceiver)(&e) }

// turn opens an end that takes its turns by k.wait, after others that send
// where there are several.
func (k ringKind) turn(from side) func(mechanisms.Ticket) (ringEnd, error) {
	return func(t mechanisms.Ticket) (e ringEnd, err error) {
		r, _, err := k.open(t, from)
		if err != nil {
			return e, err
		}
		w, err := k.wait(t, r)
		if err != nil {
			return e, mechanisms.Failed("open", k.name, t.Spec.Size, errors.Join(err, r.Close()))
		}
		if from == sending && t.Spec.Senders > 1 {
			w = lockedAccess{w, &r.lock.Mutex}
		}
		return ringEnd{r, w}, nil
	}
}

// slotAccess is how an end of a ring waits for slots and hands them on.
type slotAccess interface {
	// acquire waits until n slots more are this end's, n at most what the ring has.
	acquire(n int) error
	// tryAcquire takes one slot if it need not wait.
	tryAcquire() (bool, error)
	// publish hands n slots to the other side. What was written to them before is
	// seen there after the take that gets them.
	publish(n int) error
}

// lockedAccess is the slot access of one of several senders, which write one after the other.
type lockedAccess struct {
	slotAccess
	lock *sharedmem.Mutex
}

func (l lockedAccess) acquire(n int) error {
	if err := l.lock.Lock(); err != nil {
		return err
	}
	err := l.slotAccess.acquire(n)
	if err != nil {
		l.lock.Unlock()
	}
	return err
}

func (l lockedAccess) tryAcquire() (bool, error) {
	if !l.lock.TryLock() {
		return false, nil
	}
	ok, err := l.slotAccess.tryAcquire()
	if ok {
		return true, nil
	}
	if unlock := l.lock.Unlock(); err == nil {
		err = unlock
	}
	return false, err
}

func (l lockedAccess) publish(n int) error {
	if err := l.slotAccess.publish(n); err != nil {
		return err
	}
	return l.lock.Unlock()
}

// What ends read that keep the capacity themselves, or ask the kernel for it by
// something else than a descriptor.

// Keeps is what the messages of all slots may take, as Link.Given has it: the
// memory as it was mapped, less header and marks.
func (r *ring) Keeps() (mechanisms.Given, error) {
	n := len(r.memory.bytes) - ringBytes(r.slots, r.size) + r.slots*lines(r.size)
	return mechanisms.Given{Queue: n, Source: "slots of the ring"}, nil
}
