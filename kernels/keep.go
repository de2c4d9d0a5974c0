package kernels

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"slices"
	"time"

	"ipcbench/kernels/profile"
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
	if r.fixed, err = r.QEMU.identity(r.initrd); err != nil {
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

// identity is that of boots from a root file system, without their machine.
func (q QEMU) identity(initrd *os.File) (id identity, err error) {
	if id.QEMU, err = sumOf(q.Path); err == nil {
		id.Initrd, err = sum(io.NewSectionReader(initrd, 0, 1<<40))
	}
	return id, err
}

// identity is that of a boot, after known.
func (r *Runner) identity(t bootJob) identity {
	id, k := r.fixed, &r.Kernels[t.kernel]
	id.Machine = r.QEMU.arguments(r.Plan.Accel, k.known(r.Plan.Accel), r.Plan.Accel.commandLine(k), t.seed)
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

// identity is that of a profile of what a root file system does.
func (p *profiling) identity(initrd *os.File) (id identity, err error) {
	id, err = p.qemu.identity(initrd)
	id.Machine = append(p.qemu.arguments(ICount, p.kernel.known(ICount), ICount.commandLine(&p.kernel), p.seed), "profile")
	return id, err
}

// known returns the profile that the cache has of a boot of this identity; nil: none.
func (p *profiling) known(c *Cache, id identity) (known *profile.Profile) {
	c.read(id, func(sent []byte) error {
		m, err := decodeLine(sent)
		if err != nil {
			return err
		}
		z, err := gzip.NewReader(bytes.NewReader(m.Profile))
		if err != nil {
			return errors.Join(errors.New("it has no profile"), err)
		}
		known, err = profile.Read(z)
		return err
	})
	if known != nil {
		known.Kernel = p.kernel.Label
	}
	return known
}

// keep puts a profile into the cache.
func (p *profiling) keep(c *Cache, id identity, release string, made *profile.Profile) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	err := errors.Join(made.Write(z), z.Close())
	if err == nil {
		var line []byte
		if line, err = encode(message{Profile: packed.Bytes()}); err == nil {
			c.put(id, Kept{Kernel: release, Image: p.kernel.Image, Options: p.kernel.Append, QEMU: p.qemu.Version, Program: p.program, Seed: p.seed,
				Cells: []string{made.Cell}, Profile: true, Time: time.Now().UTC()}, line)
		}
	}
	if err != nil {
		c.fail(err)
	}
}
