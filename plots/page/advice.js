// advice asks for a size, a pattern and needs, and lists what fits, ranked;
// page.advice has the answers, one for each combination that was measured.
function advice() {
	const box = document.getElementById("advice"), all = page.advice ?? [];
	if (!all.length) return;
	const patterns = distinct(all.map(a => a.pattern)), out = element("div");
	const asked = () => ({
		pattern: view.get("pattern", patterns) || patterns[0],
		size: +view.get("for", sizes()) || +sizes()[0],
		unrelated: view.get("unrelated") === "1", boundaries: view.get("boundaries") === "1",
	});
	const sizes = () => distinct(all.filter(a => a.pattern === (view.get("pattern", patterns) || patterns[0])).map(a => a.size)).sort((a, b) => a - b).map(String);
	const check = (key, text) => {
		const input = element("input", {type: "checkbox", onchange: () => view.set({[key]: input.checked ? "1" : ""})});
		input.checked = view.get(key) === "1";
		return element("label", {}, input, " " + text);
	};
	function draw() {
		const q = asked();
		const fits = all.filter(a => a.pattern === q.pattern && a.size === q.size && !!a.unrelated === q.unrelated && !!a.boundaries === q.boundaries);
		out.replaceChildren(...fits.map(a => element("div", {}, element("b", {}, places[a.place] ?? a.place ?? ""),
			element("ol", {}, ...(a.ranked ?? []).map((r, i) => {
				const c = cellNamed.get(r.cell);
				return element("li", {}, glyph(r.mechanism), element("b", {}, r.mechanism), c?.time ? ` ${write("ns", c.time.median)}` : "",
					i === 0 ? "" : r.tied ? ", the same within noise" : `, ${write("×", r.ratio.center)}${r.unsure ? ", too few launches to tell" : ` (${range("×", r.ratio.lo, r.ratio.hi)})`}`);
			})), ...(a.cautions ?? []).map(c => element("p", {}, typeof c === "string" ? c : `${c.text} ${c.man ?? ""}`)))));
		if (!fits.length) out.replaceChildren(element("p", {}, "Nothing that was measured fits."));
		form.replaceChildren(element("b", {}, "For your case:"), choice("pattern", patterns.map(p => [p, p]), q.pattern, v => view.set({pattern: v})),
			choice("size", sizes().map(s => [s, units.B(+s)]), String(q.size), v => view.set({for: v})),
			check("unrelated", "unrelated processes"), check("boundaries", "message boundaries"));
	}
	const form = element("div.advise");
	box.append(form, out);
	box.hidden = false;
	draw();
	view.listeners.push(keys => { if (!keys || keys.some(k => ["pattern", "for", "unrelated", "boundaries"].includes(k))) draw(); });
}
