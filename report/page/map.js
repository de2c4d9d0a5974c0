// map draws what a mechanism's speed costs: its time against the CPU time that it
// takes, a mark each, in one place at a time.
function marks(chart, {width, height, only, hidden}) {
	const shown = chart.lines.filter(l => !hidden.has(l.name)).map(l => ({name: l.name, p: l.points[0], cpu: cellNamed.get(l.points[0].cell)?.cpu}));
	const lit = name => !only || name === only;
	const margin = {top: 26, right: 24, bottom: 40, left: 58};
	const spanned = d => [d.lo, d.hi].every(v => v > 0) ? [d.lo, d.hi] : [];
	const room = ([lo, hi]) => { const f = Math.max(1.15, (hi / lo) ** 0.08); return [lo / f, hi * f]; };
	const x = scaleOf(chart.x, room(d3.extent(shown.flatMap(d => [d.p.x, ...spanned(d.cpu ?? {})]))), [margin.left, width - margin.right], 44);
	const y = scaleOf(chart.y, room(d3.extent(shown.flatMap(d => [d.p.y, d.p.lo, d.p.hi]))), [height - margin.bottom, margin.top], 34);
	const text = ticks.ns, bg = "var(--bg)";
	const all = [
		Plot.gridY(y.ticks, {stroke: "var(--rule)", strokeOpacity: 1}), Plot.gridX(x.ticks, {stroke: "var(--rule)", strokeOpacity: 1}),
		Plot.axisY(y.ticks, {text, tickSize: 0, label: "↑ " + chart.y.label, labelArrow: "none", labelOffset: margin.left}),
		Plot.axisX(thin(x.ticks, x.scale, text), {text, tickSize: 0, label: chart.x.label + " →", labelArrow: "none", labelOffset: 34}),
	];
	const taken = []; // by texts and marks, in pixels
	const free = b => b[0] >= margin.left && b[2] <= width && b[1] >= margin.top - 8 && b[3] <= height - margin.bottom && !taken.some(t => b[0] < t[2] && t[0] < b[2] && b[1] < t[3] && t[1] < b[3]);
	for (const d of shown) { const [cx, cy] = [x.scale(d.p.x), y.scale(d.p.y)]; taken.push([cx - 5, cy - 5, cx + 5, cy + 5]); }
	// Where n CPUs are busy all the time, time is CPU time / n.
	for (const [n, words] of [[1, "one CPU busy"], [2, "two CPUs busy"]]) {
		const from = Math.max(x.domain[0], n * y.domain[0]), to = Math.min(x.domain[1], n * y.domain[1]);
		if (from >= to) continue;
		all.push(Plot.link([0], {x1: from, y1: from / n, x2: to, y2: to / n, stroke: "var(--muted)", strokeOpacity: 0.55, strokeDasharray: "4 4"}));
		const [px, py] = [x.scale(to), y.scale(to / n)], wide = 6.3 * words.length;
		for (const [dx, dy, anchor] of [[-8, 16, "end"], [-14, -8, "end"], [-30, 44, "end"]]) {
			const at = [px + dx - wide, py + dy - 8, px + dx, py + dy + 8];
			if (!free(at)) continue;
			taken.push(at);
			all.push(Plot.text([0], {x: to, y: to / n, dx, dy, text: () => words, textAnchor: anchor, fill: "var(--muted)", stroke: bg, strokeWidth: 3, fontStyle: "italic"}));
			break;
		}
	}
	for (const d of d3.sort(shown, d => lit(d.name))) {
		const {color, symbol} = look(d.name), paint = lit(d.name) ? color : "var(--grey)";
		if (d.p.lo < d.p.hi) all.push(Plot.link([d], {x1: d.p.x, x2: d.p.x, y1: d.p.lo, y2: d.p.hi, stroke: paint, strokeOpacity: 0.5}));
		if (d.cpu?.lo < d.cpu?.hi && d.cpu.lo > 0) all.push(Plot.link([d], {x1: d.cpu.lo, x2: d.cpu.hi, y1: d.p.y, y2: d.p.y, stroke: paint, strokeOpacity: 0.5}));
		all.push(Plot.dot([d], {x: d.p.x, y: d.p.y, fill: paint, stroke: bg, strokeWidth: 1, symbol, r: 6}));
	}
	for (const d of d3.sort(shown.filter(d => lit(d.name)), d => x.scale(d.p.x))) {
		const [cx, cy] = [x.scale(d.p.x), y.scale(d.p.y)], wide = 7 * d.name.length + 8;
		const spots = [];
		for (const far of [0, 15, 30, 45, 60, 80]) for (const dy of far ? [-far, far] : [0]) spots.push([10 + far / 3, dy, "start"], [-10 - far / 3, dy, "end"]);
		for (const dy of [-16, 16]) spots.push([wide / 2, dy, "end"], [-wide / 2, dy, "start"]);
		for (const [dx, dy, anchor] of spots) {
			const left = anchor === "start" ? cx + dx : cx + dx - wide, at = [left, cy + dy - 7, left + wide, cy + dy + 7];
			if (!free(at)) continue;
			taken.push(at);
			if (Math.abs(dy) > 10) all.push(Plot.link([d], {x1: d.p.x, y1: d.p.y, x2: x.scale.invert(cx + dx), y2: y.scale.invert(cy + dy), stroke: look(d.name).color, strokeOpacity: 0.5, strokeDasharray: "1 3"}));
			all.push(Plot.text([d], {x: d.p.x, y: d.p.y, dx, dy, text: "name", textAnchor: anchor, fill: "var(--ink)", stroke: bg, strokeWidth: 3}));
			break;
		}
	}
	const svg = Plot.plot({
		width, height, className: "plot", marginTop: margin.top, marginRight: margin.right, marginBottom: margin.bottom, marginLeft: margin.left,
		x: {type: "log", domain: x.domain, range: x.pixels}, y: {type: "log", domain: y.domain, range: y.pixels}, marks: all,
	});
	return {svg, points: shown.filter(d => lit(d.name)).map(d => ({line: d.name, mech: d.name, p: d.p, x: x.scale(d.p.x), y: y.scale(d.p.y)}))};
}

// tradeOff is the map with its choices. Pattern and size are those of the question
// above until another is chosen.
function tradeOff() {
	const box = document.getElementById("map"), charts = page.charts.filter(c => c.family === "tradeoff");
	if (!charts.length) return;
	const form = box.querySelector(".form"), area = box.querySelector(".charts");
	const asked = () => question();
	const keys = ["map", "map.size", "map.place", "map.peers"];
	const pick = (list, key, of, preferred) => {
		const values = distinct(list.map(of)).map(String), v = view.get(key, values) || (values.includes(String(preferred)) ? String(preferred) : values[0]);
		return {values, v, rest: list.filter(c => String(of(c)) === v)};
	};
	function draw() {
		const focus = box.contains(document.activeElement) ? [...form.querySelectorAll("select, button")].indexOf(document.activeElement) : -1;
		const workload = pick(charts, "map", c => c.setting.workload, asked().workload);
		const size = pick(d3.sort(workload.rest, c => c.setting.size ?? 0), "map.size", c => c.setting.size ?? 0, asked().size);
		const peers = pick(size.rest, "map.peers", c => c.setting.peers ?? 0);
		const place = pick(d3.sort(peers.rest, c => axes.place.indexOf(c.setting.place)), "map.place", c => c.setting.place ?? "");
		form.replaceChildren(
			element("span.places", {role: "group", "aria-label": "place"}, ...place.values.map(p => element("button", {type: "button", "aria-pressed": String(p === place.v), onclick: () => view.set({"map.place": p})}, places[p] ?? p))),
			choice("pattern", workload.values.map(v => [v, patternOf(v)]), workload.v, v => view.set({map: v})),
			choice("message size", size.values.map(s => [s, bytes(+s)]), size.v, v => view.set({"map.size": v})),
			peers.values.length > 1 ? choice("peers", peers.values.map(p => [p, p]), peers.v, v => view.set({"map.peers": v})) : "");
		form.querySelectorAll("select, button")[focus]?.focus();
		const chart = whole(place.rest[0]), width = area.clientWidth;
		form.append(allOf([chart]) ?? "");
		area.replaceChildren(picture(chart, {width: Math.min(width, 1000), height: Math.max(360, Math.min(460, width * 0.6)), only: view.only(), hidden: view.absent(chart)}));
	}
	box.hidden = false;
	const redraw = whenNear(box, draw);
	let width = 0;
	new ResizeObserver(() => { if (Math.abs(area.clientWidth - width) > 4) { width = area.clientWidth; redraw(); } }).observe(area);
	view.listeners.push(changed => { if (!changed || changed.some(k => [...keys, "only", "hide", "all", "pattern", "for"].includes(k))) redraw(); });
}

// patternOf names a workload by what a reader calls it.
const patternOf = workload => page.advice.find(a => a.workload === workload)?.pattern ?? workload;

// allOf is how many mechanisms charts show, and shows all of them.
function allOf(charts) {
	const short = charts.filter(c => c.shown);
	if (!short.length) return null;
	const on = view.get("all", ["1"]) === "1", n = d3.max(short, c => c.mechanisms);
	return element("span.few", {}, on ? `all ${n} mechanisms ` : `${short[0].shown.length} of ${n} mechanisms: ${short[0].family === "change" ? "those that changed most" : "the fastest"} and the core mechanisms `,
		element("button.more", {type: "button", onclick: () => view.set({all: on ? "" : "1"})}, on ? "Show few" : "Show all"));
}
