package results

import "testing"

func TestMatchCells(t *testing.T) {
	const cell = "PingPong/mech=pipe/size=64/queue=default/place=same/wait=poll"
	for pattern, want := range map[string]bool{
		"*": true, "PingPong": true, "pingpong/*/size=64": true, "PingPong/mech=pipe/*/*/place=same": true, "place=same": true,
		"*/mech=*pipe": true, "Ping*/place=*": true, "*/wait=poll": true, "size=[56]4": true, cell: true,
		"Stream": false, "PingPong/*/size=6": false, "size=64/mech=pipe": false, "*/*/*/*/*/*/*": false, "wait=poll/*": false, cell + "/*": false,
	} {
		if got := MatchCells(pattern, cell); got != want {
			t.Errorf("%s: %v, want %v", pattern, got, want)
		}
		if err := CheckPattern(pattern); err != nil {
			t.Errorf("%s: %v", pattern, err)
		}
	}
	for _, pattern := range []string{"", "a//b", "/a", "a/", "size=[", `a\`} {
		if CheckPattern(pattern) == nil {
			t.Errorf("%q is taken", pattern)
		}
	}
}

// The last pattern that matches decides.
func TestThresholdOf(t *testing.T) {
	all := []Threshold{{"*", 0.03}, {"size=64", 0.1}, {"Stream", 0.2}}
	for name, want := range map[string]float64{"PingPong/mech=pipe/size=4KiB": 0.03, "PingPong/mech=pipe/size=64": 0.1, "Stream/mech=pipe/size=64": 0.2} {
		if got := ThresholdOf(all, name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if got := ThresholdOf(all[1:], "PingPong/size=1"); got != 0 {
		t.Errorf("%v where no pattern matches", got)
	}
}
