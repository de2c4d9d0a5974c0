// advice asks for a pattern, a size and needs, and shows what fits, ranked.
// page.advice has the answers, one for each combination that was measured;
// page.facts what is declared of the mechanisms.
function advice() {
	const box = document.getElementById("advice"), all = page.advice ?? [];
	if (!all.length) return;
	const facts = new Map((page.facts ?? []).map(f => [f.mechanism, f]));
	const patterns = distinct(all.map(a => a.pattern));
	const pattern = () => view.get("pattern", patterns) || patterns[0];
	const sizes = () => d3.sort(distinct(all.filter(a => a.pattern === pattern()).map(a => a.size))).map(String);
	const size = () => view.get("for", sizes()) || sizes()[0];
	const yes = key => view.get(key) === "1";
	const check = (key, text) => {
		const input = element("input", {type: "checkbox", onchange: () => view.set({[key]: input.checked ? "1" : ""})});
		input.checked = yes(key);
		return element("label", {}, input, " " + text);
	};
	const against = r => r.unsure ? `${write("×", r.ratio.center)}, too few launches to tell` : r.tied ? "can't tell from the first" : `${write("×", r.ratio.center)} the time (${range("×", r.ratio.lo, r.ratio.hi)})`;
	const costs = c => [write("ns", c.time?.median), page.two_way.includes(c.workload) ? null : write("B/s", c.rate?.median), c.cpu && `${write("ns", c.cpu.median)} of CPU`].filter(Boolean).join(", ");

	function answer(a) {
		const rows = (a.ranked ?? []).map((r, i) => {
			const cell = cellNamed.get(r.cell);
			return element("li", {}, glyph(r.mechanism), element("b", {}, r.mechanism), cell ? " " + costs(cell) : "", i ? element("small", {}, "; " + against(r)) : "");
		});
		const beware = (a.best ?? []).flatMap(m => (facts.get(m)?.cautions ?? []).map(c => element("li", {}, element("b", {}, m), `: ${c.text} (${c.man})`)));
		const less = [...(a.left_out ?? []).map(l => `${l.mechanism}: ${l.why}`), ...(a.cant_tell ?? [])];
		const more = (title, items) => items.length ? element("details", {}, element("summary", {}, title), element("ul", {}, ...items)) : null;
		return element("div", {}, element("h3", {}, (places[a.place] ?? a.place) + (a.peers ? `, ${a.peers} peers` : "")), element("p", {}, a.verdict ?? ""),
			element("ol", {}, ...rows), more("Beware of", beware), more("Left out, and what these data can't tell", less.map(t => element("li", {}, t))));
	}
	const form = element("div.form"), out = element("div.boards");
	function draw() {
		const focus = box.contains(document.activeElement) ? [...form.querySelectorAll("select, input")].indexOf(document.activeElement) : -1;
		form.replaceChildren(element("b", {}, "For your case"), choice("pattern", patterns.map(p => [p, p]), pattern(), v => view.set({pattern: v})),
			choice("message size", sizes().map(s => [s, bytes(+s)]), size(), v => view.set({for: v})),
			check("unrelated", "unrelated processes"), check("boundaries", "message boundaries"));
		form.querySelectorAll("select, input")[focus]?.focus();
		const fits = all.filter(a => a.pattern === pattern() && String(a.size) === size() && !!a.unrelated === yes("unrelated") && !!a.boundaries === yes("boundaries"));
		out.replaceChildren(...(fits.length ? fits.map(answer) : [element("p", {}, "Nothing that was measured fits.")]));
	}
	box.append(form, out);
	box.hidden = false;
	draw();
	view.listeners.push(keys => { if (!keys || keys.some(k => ["pattern", "for", "unrelated", "boundaries"].includes(k))) draw(); });
}
