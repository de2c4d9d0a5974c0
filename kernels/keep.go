package kernels

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"time"

	"ipcbench/results"
)

// known hands on the records of the boots that the cache has, and returns the others.
func (r *Runner) known(all []bootJob) (unknown []bootJob, err error) {
	if r.Plan.Accel != ICount || r.Plan.Statements {
		r.Cache = nil
	}
	if r.Cache == nil {
		return all, nil
	}
	if r.fixed.QEMU, err = sumOf(r.QEMU.Path); err == nil {
		r.fixed.Initrd, err = sum(io.NewSectionReader(r.initrd, 0, 1<<40))
	}
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		heard, begin := r.Cache.get(r.identity(t))
		if heard == nil {
			unknown = append(unknown, t)
		} else if err := r.sink(&r.Kernels[t.kernel], t, begin, heard); err != nil {
			return nil, err
		}
	}
	if r.Known != nil {
		cells := len(r.job().Tasks)
		r.Known(cells*(len(all)-len(unknown)), cells*len(all))
	}
	return unknown, nil
}

// identity is that of a boot, after known.
func (r *Runner) identity(t bootJob) identity {
	id, k := r.fixed, &r.Kernels[t.kernel]
	id.Machine = r.QEMU.arguments(r.Plan.Accel, k.Image, r.Plan.Accel.commandLine(k), t.seed)
	return id
}

// keep puts a boot into the cache whose control held still. A boot in which a cell
// failed or was untrusted is not kept: the next run boots it again.
func (r *Runner) keep(t bootJob, begin time.Time, heard *transcript, sent []byte) {
	k := &r.Kernels[t.kernel]
	if r.Cache == nil || slices.ContainsFunc(heard.records, func(rec results.Record) bool { return rec.Outcome != results.OK && rec.Outcome != results.Skipped }) {
		return
	}
	about := Kept{Kernel: heard.hello.Host.Kernel, Image: k.Image, Options: k.Append, QEMU: r.QEMU.Version, Program: r.Plan.Program, Seed: t.seed, Time: begin}
	for _, rec := range heard.records {
		about.Cells = append(about.Cells, rec.Cell.Name())
	}
	r.Cache.put(r.identity(t), about, sent)
}

func sum(r io.Reader) (string, error) {
	h := sha256.New()
	_, err := io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil)), err
}
