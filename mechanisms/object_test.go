package mechanisms

import (
	"encoding/json"
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// objects returns one object of each kind, which go with the test.
func objects(t *testing.T) []Object {
	t.Helper()
	var all []Object
	for _, name := range []string{"fifo", "sysvmsg", "sysvshm", "posixmq"} {
		m := Lookup(name)
		if m.Needs != nil {
			if err := m.Needs(); err != nil {
				t.Skip(err)
			}
		}
		l, err := m.New(spec(t, m, 64))
		must(t, err)
		t.Cleanup(func() { destroy(t, l) })
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

func wantExists(t *testing.T, o Object, want bool) {
	t.Helper()
	if there, err := o.Exists(); there != want || err != nil {
		t.Errorf("%v: exists %v, error %v; want %v", o, there, err, want)
	}
}

func TestObjectIsRemovedOnce(t *testing.T) {
	for _, o := range objects(t) {
		text, err := json.Marshal(o)
		must(t, err)
		var read Object // as another process has it
		must(t, json.Unmarshal(text, &read))
		if read != o {
			t.Errorf("%s read as %+v, want %+v", text, read, o)
		}
		wantExists(t, read, true)
		must(t, read.Remove())
		wantExists(t, read, false)
		must(t, read.Remove())
	}
}

func TestObjectThatIsNotOursStays(t *testing.T) {
	for _, o := range objects(t) {
		others := map[string]Object{}
		add := func(what string, change func(*Object)) {
			other := o
			change(&other)
			others[what] = other
		}
		add("user", func(o *Object) { o.UID++ })
		if o.Inode != 0 {
			add("inode", func(o *Object) { o.Inode++ })
		} else {
			add("creation", func(o *Object) { o.Created-- })
		}
		if o.Kind != KindPath {
			add("namespace", func(o *Object) { o.Namespace = "ipc:[1]" })
		}
		for what, other := range others {
			if err := other.Remove(); !errors.Is(err, ErrNotOurs) {
				t.Errorf("%v with another %s: got %v, want ErrNotOurs", o, what, err)
			}
			if there, err := other.Exists(); there || !errors.Is(err, ErrNotOurs) {
				t.Errorf("%v with another %s: exists %v, error %v", o, what, there, err)
			}
		}
		wantExists(t, o, true)
	}
}

func TestUnknownKindIsAnError(t *testing.T) {
	o := Object{Kind: "none", Namespace: ipcNamespace()}
	if err := o.Remove(); err == nil {
		t.Error("removed an object of an unknown kind")
	}
}

func TestSegmentThatGoesWithItsLastDetachIsGone(t *testing.T) {
	for _, o := range objects(t) {
		if o.Kind != KindShm {
			continue
		}
		p, err := sys.Shmat(o.ID)
		must(t, err)
		must(t, sys.ShmRemove(o.ID))
		wantExists(t, o, false)
		must(t, o.Remove())
		must(t, sys.Shmdt(p))
	}
}

func TestDirectoryWithNamesInItStays(t *testing.T) {
	dir := privateDir(t)
	o, err := PathObject(dir)
	must(t, err)
	must(t, os.WriteFile(dir+"/name", nil, 0o600))
	if err := o.Remove(); !errors.Is(err, unix.ENOTEMPTY) {
		t.Errorf("got %v, want ENOTEMPTY", err)
	}
	must(t, os.Remove(dir+"/name"))
	must(t, o.Remove())
	wantExists(t, o, false)
}

func TestSymbolicLinkIsNotFollowed(t *testing.T) {
	dir := privateDir(t)
	must(t, os.WriteFile(dir+"/target", nil, 0o600))
	o, err := PathObject(dir + "/target")
	must(t, err)
	must(t, os.Rename(dir+"/target", dir+"/elsewhere"))
	must(t, os.Symlink(dir+"/elsewhere", dir+"/target"))
	if err := o.Remove(); !errors.Is(err, ErrNotOurs) {
		t.Errorf("got %v, want ErrNotOurs", err)
	}
	if _, err := os.Lstat(dir + "/elsewhere"); err != nil {
		t.Error(err)
	}
}
