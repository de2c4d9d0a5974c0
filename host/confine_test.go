package host

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/sys/unix"
)

// A CPU that cannot be had is named, with what there is.
func TestWithinNamesTheCPU(t *testing.T) {
	machine := tree{fstest.MapFS{"sys/devices/system/cpu/online": {Data: []byte("0-3,8\n")}}}
	for want, cpus := range map[string][]int{
		"": {1, 2},
		"CPU 5 is not online (/sys/devices/system/cpu/online has 0-3,8): take some of 1-2,8":  {1, 5},
		"CPU 3 is not allowed (sched_getaffinity(2) has 1-2,8): take some of those, or start": {2, 3},
		"CPU -1 is not online (/sys/devices/system/cpu/online has 0-3,8): take some of 1-2,8": {-1},
	} {
		err := within(cpus, []int{1, 2, 8}, machine)
		if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v: %v, want %q", cpus, err, want)
		}
	}
	if err := within([]int{3}, []int{1}, tree{fstest.MapFS{}}); err == nil || !strings.HasPrefix(err.Error(), "CPU 3 is not allowed") {
		t.Error(err)
	}
}

func TestFormatCPUList(t *testing.T) {
	for list := range strings.SplitSeq("0 0-1 0-3,8 1,3,5-7 2,4", " ") {
		ids, err := ParseCPUList(list)
		if got := FormatCPUList(ids); err != nil || got != list {
			t.Errorf("%s comes back as %s, %v", list, got, err)
		}
	}
}

// Every thread keeps to the CPUs, those that wait too, and one that starts later.
func TestConfineEveryThread(t *testing.T) {
	before, err := AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		set := unix.NewCPUSet(maxCPUs)
		for _, cpu := range before {
			set.Set(cpu)
		}
		if err := ConfineThreads(set); err != nil {
			t.Error(err)
		}
	}()
	stop := make(chan bool)
	defer close(stop)
	for range 4 {
		ready := make(chan bool)
		go func() {
			runtime.LockOSThread()
			close(ready)
			<-stop
		}()
		<-ready
	}
	one := before[len(before)-1:]
	if err := Confine(one); err != nil {
		t.Fatal(err)
	}
	later := make(chan []int)
	go func() {
		runtime.LockOSThread() // and ends with its goroutine
		ids, _ := AllowedCPUs()
		later <- ids
	}()
	if ids := <-later; !slices.Equal(ids, one) {
		t.Errorf("a later thread may run on %v, want %v", ids, one)
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		list := tree{Root}.field("/proc/self/task/"+thread.Name()+"/status", "Cpus_allowed_list")
		if list != "" && list != FormatCPUList(one) {
			t.Errorf("thread %s may run on %s, want %v", thread.Name(), list, one)
		}
	}
	if err := Confine([]int{maxCPUs - 1}); err == nil {
		t.Error("the last CPU that a list may name is there")
	}
}
