package semantics

var spliceChecks = []Check{
	{ID: "Z01", Mechanism: "splice", Statement: "splice wants a pipe on one side, not the same on both, and no offset for it",
		Expect: "no pipe EINVAL, the same EINVAL, offset ESPIPE", Source: "splice(2), ERRORS", Since: "2.6.31",
		Observe: func(k *kernel) string {
			p, q := k.pipe(0), k.pipe(0)
			a, b := need(k.do("memfd", 4096)).N, need(k.do("memfd", 4096)).N
			need(k.write(p.w, "abc"))
			return say("no pipe %v, the same %v, offset %v", k.do("splice", a, b, 9), k.do("splice", p.r, p.w, 9), k.do("spliceoff", p.r, q.w, 9))
		}},
	{ID: "Z02", Mechanism: "splice", Statement: "tee copies from pipe to pipe and consumes nothing",
		Expect: "3; abc, abc", Source: "tee(2)",
		Observe: func(k *kernel) string {
			p, q := k.pipe(0), k.pipe(0)
			need(k.write(p.w, "abc"))
			return say("%v; %s, %s", k.do("tee", p.r, q.w, 9), k.read(p.r, 9).text(), k.read(q.r, 9).text())
		}},
	{ID: "Z03", Mechanism: "splice", Statement: "vmsplice passes the page itself: what is stored before the read comes out",
		Expect: "3; stored afterwards: new", Source: "vmsplice(2)",
		Observe: func(k *kernel) string {
			p := k.pipe(0)
			need(k.do("memory", "old"))
			n := k.do("vmsplice", p.w, 3)
			need(k.do("memory", "new"))
			return say("%v; stored afterwards: %s", n, k.read(p.r, 9).text())
		}},
	{ID: "Z05", Mechanism: "splice", Statement: "splice moves what is there, as a read does",
		Expect: "of 100: 10", Source: "splice(2), RETURN VALUE",
		Observe: func(k *kernel) string {
			p, q := k.pipe(0), k.pipe(0)
			need(k.write(p.w, "0123456789"))
			return say("of 100: %v", k.do("splice", p.r, q.w, 100))
		}},
	{ID: "Z06", Mechanism: "splice", Statement: "splice from a file passes its page: what is written to the file before the read comes out",
		Expect: "3; written afterwards: new", Source: "splice(2), NOTES",
		Observe: func(k *kernel) string {
			p, f := k.pipe(0), need(k.do("memfd", 4096)).N
			need(k.do("pwrite", f, 0, "old"))
			n := k.do("splice", f, p.w, 3)
			need(k.do("pwrite", f, 0, "new"))
			return say("%v; written afterwards: %s", n, k.read(p.r, 9).text())
		}},
}
