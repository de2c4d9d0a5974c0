package all

import (
	"encoding/json"
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/internal/linktest"
)

// objects returns one object of each kind, which go with the test.
func objects(t *testing.T) []mechanisms.Object {
	t.Helper()
	var all []mechanisms.Object
	for _, name := range []string{"fifo", "sysvmsg", "sysvshm", "posixmq"} {
		m := mechanisms.Lookup(name)
		if m.Needs != nil {
			if err := m.Needs(); err != nil {
				t.Skip(err)
			}
		}
		l, err := m.New(linktest.Spec(t, m, 64))
		linktest.Must(t, err)
		t.Cleanup(func() { linktest.Destroy(t, l) })
		all = append(all, l.Objects...)
	}
	kinds := map[string]bool{}
	for _, o := range all {
		kinds[o.Kind] = true
	}
	if len(kinds) != 5 {
		t.Fatalf("kinds %v, want 5", kinds)
	}
	return all
}

func wantExists(t *testing.T, o mechanisms.Object, want bool) {
	t.Helper()
	if there, err := o.Exists(); there != want || err != nil {
		t.Errorf("%v: exists %v, error %v; want %v", o, there, err, want)
	}
}

func TestObjectIsRemovedOnce(t *testing.T) {
	for _, o := range objects(t) {
		text, err := json.Marshal(o)
		linktest.Must(t, err)
		var read mechanisms.Object // as another process has it
		linktest.Must(t, json.Unmarshal(text, &read))
		if read != o {
			t.Errorf("%s read as %+v, want %+v", text, read, o)
		}
		wantExists(t, read, true)
		linktest.Must(t, read.Remove())
		wantExists(t, read, false)
		linktest.Must(t, read.Remove())
	}
}

func TestObjectThatIsNotOursStays(t *testing.T) {
	for _, o := range objects(t) {
		others := map[string]mechanisms.Object{}
		add := func(what string, change func(*mechanisms.Object)) {
			other := o
			change(&other)
			others[what] = other
		}
		add("user", func(o *mechanisms.Object) { o.UID++ })
		if o.Inode != 0 {
			add("inode", func(o *mechanisms.Object) { o.Inode++ })
		} else {
			add("creation", func(o *mechanisms.Object) { o.Created-- })
		}
		if o.Kind != mechanisms.KindPath {
			add("namespace", func(o *mechanisms.Object) { o.Namespace = "ipc:[1]" })
		}
		for what, other := range others {
			if err := other.Remove(); !errors.Is(err, mechanisms.ErrNotOurs) {
				t.Errorf("%v with another %s: got %v, want ErrNotOurs", o, what, err)
			}
			if there, err := other.Exists(); there || !errors.Is(err, mechanisms.ErrNotOurs) {
				t.Errorf("%v with another %s: exists %v, error %v", o, what, there, err)
			}
		}
		wantExists(t, o, true)
	}
}

func TestUnknownKindIsAnError(t *testing.T) {
	o := mechanisms.Object{Kind: "none", Namespace: mechanisms.IPCNamespace()}
	if err := o.Remove(); err == nil {
		t.Error("removed an object of an unknown kind")
	}
}

func TestSegmentThatGoesWithItsLastDetachIsGone(t *testing.T) {
	for _, o := range objects(t) {
		if o.Kind != mechanisms.KindShm {
			continue
		}
		p, err := sys.Shmat(o.ID)
		linktest.Must(t, err)
		linktest.Must(t, sys.ShmRemove(o.ID))
		wantExists(t, o, false)
		linktest.Must(t, o.Remove())
		linktest.Must(t, sys.Shmdt(p))
	}
}

func TestDirectoryWithNamesInItStays(t *testing.T) {
	dir := linktest.PrivateDir(t)
	o, err := mechanisms.PathObject(dir)
	linktest.Must(t, err)
	linktest.Must(t, os.WriteFile(dir+"/name", nil, 0o600))
	if err := o.Remove(); !errors.Is(err, unix.ENOTEMPTY) {
		t.Errorf("got %v, want ENOTEMPTY", err)
	}
	linktest.Must(t, os.Remove(dir+"/name"))
	linktest.Must(t, o.Remove())
	wantExists(t, o, false)
}

func TestSymbolicLinkIsNotFollowed(t *testing.T) {
	dir := linktest.PrivateDir(t)
	linktest.Must(t, os.WriteFile(dir+"/target", nil, 0o600))
	o, err := mechanisms.PathObject(dir + "/target")
	linktest.Must(t, err)
	linktest.Must(t, os.Rename(dir+"/target", dir+"/elsewhere"))
	linktest.Must(t, os.Symlink(dir+"/elsewhere", dir+"/target"))
	if err := o.Remove(); !errors.Is(err, mechanisms.ErrNotOurs) {
		t.Errorf("got %v, want ErrNotOurs", err)
	}
	if _, err := os.Lstat(dir + "/elsewhere"); err != nil {
		t.Error(err)
	}
}
