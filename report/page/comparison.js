// comparisons shows what was found between runs: what it comes to, and every
// cell and metric. Its charts have sections of their own.
function comparisons() {
	const box = document.getElementById("comparison"), all = page.comparisons ?? [];
	const value = (unit, v) => unit === "sec/op" ? write("ns", v === null ? null : v * 1e9) : unit === "B/s" ? write("B/s", v) : write("n", v);
	const percent = v => v === null || v === undefined ? "–" : (v > 1 ? "+" : v < 1 ? "−" : "") + digits3(Math.abs(100 * (v - 1))) + " %";
	const tags = {slower: "failed", broken: "failed", lost: "untrusted", unjudged: "untrusted", faster: "tied"};
	const tag = v => element("span.tag." + (tags[v] ?? "ok"), {}, v);
	all.forEach((c, i) => {
		const columns = [
			{name: "verdict", value: r => r.verdict, cell: r => element("span", {title: r.note}, tag(r.verdict))},
			{name: "cell", value: r => r.cell, cell: r => r.cell},
			{name: "metric", value: r => r.metric, cell: r => r.metric},
			{name: "old", num: true, minor: true, value: r => r.old.median, cell: r => value(r.unit, r.old.median)},
			{name: "new", num: true, minor: true, value: r => r.new.median, cell: r => value(r.unit, r.new.median)},
			{name: "change", num: true, value: r => r.change.center, cell: r => percent(r.change.center)},
			{name: "interval", num: true, minor: true, value: r => r.change.lo, cell: r => r.change.lo ? `${percent(r.change.lo)} to ${percent(r.change.hi)}` : "none"},
			{name: "p (gate)", num: true, minor: true, value: r => r.p_gate, cell: r => r.p_gate === null ? "–" : digits3(r.p_gate)},
			{name: "n", num: true, minor: true, value: r => r.old_n, cell: r => `${r.old_n}, ${r.new_n}`},
		];
		const rows = table("comparison" + i, columns, c.rows ?? [], 30);
		const said = d => typeof d === "string" ? d : [d.what ?? d.text, d.why, d.remedy].filter(Boolean).join("; ");
		const notes = [...(c.warnings ?? []).map(said), ...(c.not_compared ?? []).map(s => "not compared: " + s)];
		box.append(
			element("p.sum", {}, element("b", {}, c.sentence)),
			element("p", {}, c.sum),
			element("dl", {}, element("dt", {}, "old"), element("dd", {}, c.old), element("dt", {}, "new"), element("dd", {}, c.new)),
			element("ul", {}, ...(c.outcomes ?? []).map(o => element("li", {}, tag(o.verdict), ` ${o.name}: ${o.from}, then ${o.to}${o.reason ? ": " + o.reason : ""}`))),
			notes.length ? element("details.warnings", {open: c.refused}, element("summary", {}, element("b", {}, notes.length + (notes.length === 1 ? " warning" : " warnings")), ...notes.map(n => element("span", {}, " " + n.split(": ")[0]))), element("ul", {}, ...notes.map(n => element("li", {}, n)))) : "",
			element("div.scroll", {}, rows),
			element("p.lede", {}, [c.gate, c.launches].filter(Boolean).join(" ")));
		view.listeners.push(keys => rows.redraw(keys));
	});
	box.hidden = !all.length;
}
