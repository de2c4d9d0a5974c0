// question is what the reader asks: a pattern and a size that the run has, and needs.
function question() {
	const patterns = distinct(page.advice.map(a => a.pattern));
	const pattern = view.get("pattern", patterns) || patterns[0];
	const sizes = page.advice.filter(a => a.pattern === pattern).map(a => a.size).sort((a, b) => a - b);
	const size = +view.get("for", sizes.map(String)) || sizes[0];
	return {patterns, pattern, sizes, size, workload: page.advice.find(a => a.pattern === pattern)?.workload,
		asks: n => view.get(n.key) === "1"};
}

// coded is a text with what stands between backquotes as code.
const coded = text => text.split("`").map((part, i) => i % 2 ? element("code", {}, part) : part);

// advice shows the answers to the reader's question, one for each place. A block
// of page.advice has them, and "facts" what is declared of the mechanisms.
function advice() {
	const box = document.getElementById("advice"), form = box.querySelector(".form"), out = box.querySelector(".answers");
	if (!page.advice.length) return;
	const check = (key, text) => {
		const input = element("input", {type: "checkbox", onchange: () => view.set({[key]: input.checked ? "1" : ""})});
		input.checked = view.get(key) === "1";
		return element("label", {}, input, " " + text);
	};
	const against = r => element("small", {title: r.unsure ? "" : `${digits3(r.ratio.center)} times the leader's time, ${digits3(r.ratio.lo)} to ${digits3(r.ratio.hi)}`}, (r.spins ? "spins; " : "") + r.verdict);
	const amount = (c, key, unit = "ns") => write(unit, c?.[key]?.median);

	function answer(a, facts) {
		const decided = a.decision === "fastest" || a.decision === "none faster"; // else one is recommended by the rule for ties, and may be so by luck
		const flow = !page.two_way.includes(question().workload);
		const alike = a.scheduler?.alike; // then there is a time of each place
		const time = place => r => write("ns", r.pinned?.[place]?.median);
		const columns = alike ? [["one CPU", time(0)], ["different", time(1)]]
			: [["time", (r, c) => amount(c, "time")], flow ? ["throughput", (r, c) => amount(c, "rate", "B/s")] : ["p99", (r, c) => amount(c, "p99"), true], ["CPU", (r, c) => amount(c, "cpu"), true]];
		const num = (of, minor) => `${of}.num${minor ? ".minor" : ""}`;
		const rows = (a.ranked ?? []).map((r, i) => {
			const c = cellNamed.get(r.cell);
			return element("tr", {}, element("td", {}, glyph(r.mechanism), decided && r.mechanism === a.use ? element("b", {}, r.mechanism) : r.mechanism),
				...columns.map(([, value, minor]) => element(num("td", minor), {}, value(r, c))), element("td", {}, against(r)));
		});
		const head = [element("th", {scope: "col"}, "mechanism"), ...columns.map(([name, , minor]) => element(num("th", minor), {scope: "col"}, name)), element("th", {scope: "col"}, "against the leader")];
		const fact = m => (facts ?? []).find(f => f.mechanism === m);
		const beware = (a.best ?? []).flatMap(m => (fact(m)?.cautions ?? []).map(c => element("li", {}, element("b", {}, m), `: ${c.text} (${c.man})`)));
		const less = [...(a.left_out ?? []).map(i => block("left")[i]), ...(a.cant_tell ?? [])];
		const more = (title, items) => items.length ? element("details", {}, element("summary", {}, title), element("ul", {}, ...items)) : null;
		return element("div.answer", {}, element("h3", {}, (places[a.place] ?? a.place) + (a.peers ? `, ${a.peers} peers` : "")), element("p.sentence", {}, ...coded(a.sentence)),
			rows.length ? element("table.ranked", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows)) : null,
			more("Beware of", beware), more("Left out, and what these data can't tell", less.map(t => element("li", {}, t))));
	}
	function draw() {
		const q = question();
		const focus = box.contains(document.activeElement) ? [...form.querySelectorAll("select, input")].indexOf(document.activeElement) : -1;
		form.replaceChildren(element("b", {}, "For your case"), choice("pattern", q.patterns.map(p => [p, p]), q.pattern, v => view.set({pattern: v})),
			choice("message size", q.sizes.map(s => [s, bytes(s)]), q.size, v => view.set({for: v})),
			...page.needs.map(n => check(n.key, n.text)));
		form.querySelectorAll("select, input")[focus]?.focus();
		const fits = (block("advice", q.pattern, q.size) ?? []).filter(a => page.needs.every(n => !!a[n.key] === q.asks(n)));
		const answered = fits.filter(a => a.ranked?.length || a.neighbours?.length), silent = fits.filter(a => !answered.includes(a));
		const front = document.getElementById("front");
		if (front && fits.length) front.replaceChildren(...coded(`${(answered[0] ?? fits[0]).case}: ${(answered[0] ?? fits[0]).sentence}`));
		out.replaceChildren(...answered.map(a => answer(a, block("facts"))));
		if (!answered.length) out.append(element("p", {}, "Nothing that was measured fits."));
		else if (silent.length) out.append(element("p.none", {}, "Nothing that fits has a number: " + silent.map(a => places[a.place] ?? a.place).join(", ") + "."));
	}
	box.hidden = false;
	drawn(draw);
	view.listeners.push(keys => { if (!keys || keys.some(k => ["pattern", "for", ...page.needs.map(n => n.key)].includes(k))) drawn(draw); });
}
