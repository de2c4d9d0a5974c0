package mechanisms

import (
	"math"
	"os"
	"testing"
)

func TestSysctl(t *testing.T) {
	path := t.TempDir() + "/number"
	for text, want := range map[string]int{
		"0\n": 0, "8192\n": 8192, "65536": 65536,
		"18446744073692774399\n":     math.MaxInt, // shmmax where there is no limit
		"99999999999999999999999999": math.MaxInt,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if n, err := Sysctl(path); n != want || err != nil {
			t.Errorf("%q: %d, %v; want %d", text, n, err, want)
		}
	}
	for _, text := range []string{"", "-1\n", "1 2\n", "x"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if n, err := Sysctl(path); err == nil {
			t.Errorf("%q: %d, want an error", text, n)
		}
	}
	if _, err := Sysctl(path + ".absent"); err == nil {
		t.Error("an absent file gave a number")
	}
}
