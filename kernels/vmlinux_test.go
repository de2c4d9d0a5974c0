package kernels

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	_ "ipcbench/internal/compressed/zstd"
	"ipcbench/internal/need"
	"ipcbench/results"
)

// startable is a vmlinux for amd64 with a note of its entry, of that owner and kind.
func startable(owner string, kind uint32) []byte {
	le := binary.LittleEndian
	file := vmlinux(amd64, imageOf(amd64))
	note := le.AppendUint32(nil, 4)
	note = le.AppendUint32(note, 4)
	note = append(le.AppendUint32(note, kind), owner...)
	note = append(note, "\x20\x0b\x00\x01"...)
	other := append([]byte("\x06\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00Linux\x00\x00\x00\x07\x00\x00\x00"), note...)
	head := file[64+56:] // in the place of the second segment
	le.PutUint32(head, 4)
	le.PutUint64(head[8:], uint64(len(file)))
	le.PutUint64(head[32:], uint64(len(other)))
	le.PutUint64(head[40:], uint64(len(other)))
	return append(append(file, other...), "tables of relocations"...)
}

// bzImage holds what was packed of so many bytes. A gzip file ends with that number
// itself.
func bzImage(packed []byte, size int) []byte {
	le := binary.LittleEndian
	const setup = 4 // sectors
	file := make([]byte, (setup+1)*512+100)
	copy(file[0x202:], "HdrS")
	file[0x1f1] = setup
	le.PutUint16(file[0x206:], 0x20f)
	le.PutUint16(file[0x236:], 1) // it is a 64-bit kernel
	if !bytes.HasPrefix(packed, []byte("\x1f\x8b")) {
		packed = le.AppendUint32(bytes.Clone(packed), uint32(size))
	}
	le.PutUint32(file[0x248:], 100)
	le.PutUint32(file[0x24c:], uint32(len(packed)))
	file = append(file, packed...)
	for len(file)%16 != 0 {
		file = append(file, 0)
	}
	le.PutUint32(file[0x1f4:], uint32(len(file)-(setup+1)*512)/16)
	return file
}

// packers are the ways in which Debian has packed kernels, and the kernel's default.
var packers = map[string]func(io.Writer) io.WriteCloser{
	"gzip": func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
	"zstd": func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z },
	"lz4": func(w io.Writer) io.WriteCloser {
		z := lz4.NewWriter(w)
		z.Apply(lz4.LegacyOption(true))
		return z
	},
}

func packedBy(t *testing.T, how string, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := packers[how](&b)
	if _, err := z.Write(text); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func kernelOf(t *testing.T, text []byte) Kernel {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vmlinuz")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	k, err := ParseKernel(path)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// A counted guest starts from the vmlinux in a bzImage, byte for byte. A guest in real
// time starts from the bzImage, and so does one whose kernel has no entry for QEMU, is
// damaged, or is packed in another way.
func TestVmlinuxOfImage(t *testing.T) {
	whole := startable("Xen\x00", 18)
	for how := range packers {
		packed := packedBy(t, how, whole)
		k := kernelOf(t, bzImage(packed, len(whole)))
		counted := k.boots(ICount)
		loads, err := os.ReadFile(counted.file)
		if err != nil || !bytes.Equal(loads, whole) || k.boots(ICount) != counted || k.boots(KVM) != (boots{file: k.Path}) {
			t.Errorf("%s: a counted guest loads %d bytes of %s, want %d: %v; another %+v", how, len(loads), counted.file, len(whole), err, k.boots(KVM))
		}
		if k.known(ICount) != (boots{"vmlinux in " + k.Image, true}) || k.known(KVM) != (boots{file: k.Image}) {
			t.Errorf("%s: known as %+v and %+v", how, k.known(ICount), k.known(KVM))
		}
		cut := packed[:len(packed)/2]
		if how == "gzip" {
			cut = append(bytes.Clone(cut), packed[len(packed)-4:]...)
		}
		for name, text := range map[string][]byte{
			"no entry":        bzImage(packedBy(t, how, startable("Xen\x00", 17)), len(whole)),
			"another's note":  bzImage(packedBy(t, how, startable("GNU\x00", 18)), len(whole)),
			"no ELF file":     bzImage(packedBy(t, how, whole[64:]), len(whole)-64),
			"cut short":       bzImage(cut, len(whole)),
			"an odd end":      bzImage(append(bytes.Clone(packed), 1, 2, 3, 4), len(whole)+1),
			"another packing": bzImage([]byte("\xfd7zXZ\x00 and so on"), len(whole)),
			"no payload":      imageOf(amd64),
		} {
			if k := kernelOf(t, text); k.boots(ICount) != (boots{file: k.Path}) {
				t.Errorf("%s, %s: a counted guest loads %+v", how, name, k.boots(ICount))
			}
		}
	}
}

// The kernels that are here start from the vmlinux in them.
func TestVmlinuxOfDebian(t *testing.T) {
	need.Time(t)
	cachedKernel(t)
	for _, dir := range kernelDirs(t) {
		k, err := ParseKernel(filepath.Join(dir, "vmlinuz-"+filepath.Base(dir)))
		if err != nil || k.Arch != amd64 {
			continue
		}
		if !k.boots(ICount).vmlinux {
			t.Errorf("%s: it unpacks itself", k.Label)
		}
	}
}

// A guest that says nothing at all is booted once more, from the bzImage, and so are
// later ones. One that says something is not, and neither is one without another image.
func TestSilentVmlinux(t *testing.T) {
	whole := startable("Xen\x00", 18)
	image := bzImage(packedBy(t, "zstd", whole), len(whole))
	sent := strings.Join(lines(t), "")
	for name, tt := range map[string]struct {
		image  []byte
		script string // of QEMU; $kernel is what it loads
		boots  string
		want   string // of the error
	}{
		"dumb":     {image, `case $kernel in /proc/*) exit 1;; esac; cat sent >"$port"`, "vmlinux bzImage bzImage", ""},
		"fine":     {image, `cat sent >"$port"`, "vmlinux vmlinux", ""},
		"panics":   {image, `echo "Kernel panic - not syncing: no" >"$console"`, "vmlinux", "Kernel panic"},
		"dies":     {image, `head -n 1 sent >"$port"`, "vmlinux", "stopped before its end"},
		"all dumb": {image, ``, "vmlinux bzImage", "sent nothing"},
		"plain":    {imageOf(amd64), ``, "bzImage", "sent nothing"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "sent"), []byte(sent), 0o600); err != nil {
			t.Fatal(err)
		}
		script := strings.ReplaceAll(tt.script, " sent ", " "+dir+"/sent ")
		find := `while [ "$1" != -kernel ]; do shift; done; kernel=$2; case $kernel in /proc/*) echo vmlinux;; *) echo bzImage;; esac >>` + dir + `/boots; `
		cache := &Cache{Dir: filepath.Join(dir, "counts"), Most: 1 << 20}
		r := Runner{QEMU: QEMU{Path: fake(t, find+script)}, Kernels: []Kernel{kernelOf(t, tt.image)}, Cache: cache, Image: staticProgram(t),
			Plan: Plan{Accel: ICount, Boots: 2, Jobs: 1, Cells: []results.Cell{{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"}}},
			Sink: func(int, results.Record) error { return nil }}
		err := r.Execute(t.Context())
		boots, _ := os.ReadFile(filepath.Join(dir, "boots"))
		if got := strings.Join(strings.Fields(string(boots)), " "); got != tt.boots || (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: boots %s, want %s; %v, want %q", name, got, tt.boots, err, tt.want)
		}
	}
}

// A kernel counts the same however it is booted, but for what seeds make.
func TestVmlinuxCounts(t *testing.T) {
	if !need.Long() {
		t.Skip("two boots: IPCBENCH_LONG=1")
	}
	qemu, err := Find(t.Context(), amd64)
	if err != nil {
		lacking(t, err.Error())
	}
	vmlinux, err := ParseKernel(cachedKernel(t) + "=vmlinux")
	if err != nil {
		t.Fatal(err)
	}
	bzImage := vmlinux
	bzImage.Label, bzImage.payload = "bzImage", nil
	var insns [2]float64
	r := Runner{
		QEMU: qemu, Kernels: []Kernel{vmlinux, bzImage}, Image: program(t),
		Plan: Plan{Accel: ICount, Boots: 1, Jobs: 2, Cells: []results.Cell{{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"}}},
		Sink: func(kernel int, rec results.Record) error { insns[kernel] = rec.InsnsPerOp; return nil },
	}
	if err := r.Execute(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("%.2f by the vmlinux, %.2f by the bzImage", insns[0], insns[1])
	if change := insns[0]/insns[1] - 1; math.Abs(change) > 0.005 {
		t.Errorf("%.2f instructions by the vmlinux, %.2f by the bzImage: %+.2f %%", insns[0], insns[1], 100*change)
	}
}

// Kernels of a run start in one way: counts differ by it.
func TestStartAlike(t *testing.T) {
	q := QEMU{firmware: []string{"-bios", "qboot.rom"}}
	starts := func(kernels ...Kernel) (all []string) {
		r := Runner{Kernels: kernels}
		r.startAlike()
		for _, k := range r.Kernels {
			all = append(all, q.starts(k.known(ICount)))
		}
		return all
	}
	for _, c := range []struct{ got, want []string }{
		{starts(Kernel{payload: new(payload)}, Kernel{payload: new(payload)}), []string{"vmlinux, qboot", "vmlinux, qboot"}},
		{starts(Kernel{payload: new(payload)}, Kernel{}), []string{"", ""}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("start by %q, want %q", c.got, c.want)
		}
	}
	if how := (QEMU{}).starts(boots{vmlinux: true}); how != "vmlinux" {
		t.Errorf("without qboot it starts by %q", how)
	}
}
