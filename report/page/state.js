// The view is one small object. The address keeps it after the #, so that a
// link shows what its sender saw; what the address asks for and the page does
// not have is passed over.
// unpack decompresses a block of the page's data.
async function unpack(key) {
	const packed = document.getElementById(key);
	if (!packed) return null;
	const bytes = Uint8Array.from(atob(JSON.parse(packed.textContent)), c => c.charCodeAt(0));
	return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).json();
}
if (!("DecompressionStream" in globalThis)) {
	document.querySelector("header").append(element("p.unpacked", {}, "The charts and the sortable tables need a browser of 2023 or later, with DecompressionStream; report.md and summary.csv have the same numbers."));
	document.documentElement.dataset.ready = "without charts";
	await new Promise(() => {});
}
const page = await unpack("data");
for (const key of ["cells", "charts", "advice", "tables", "metrics", "mechanisms"]) page[key] ??= [];
for (const key of ["workload", "place", "queue", "options", "size"]) page.axes[key] ??= [];
const looks = new Map(page.mechanisms.map((m, i) => [m, page.looks[i]]));
const places = page.places ?? {}; // in words
const distinct = values => [...new Set(values)];
const optionsOf = c => c.options || "usual";
const queueOf = c => c.queue ? units.B(c.queue) : "default";

// The data lie in blocks, which are unpacked when something first looks at them. What
// is not there yet is thrown as the promise of it, for drawn to wait for.
const blocks = new Map(), coming = new Map();
function ready(keys) {
	const missing = keys.filter(k => !blocks.has(k));
	for (const k of missing) if (!coming.has(k)) coming.set(k, unpack(k).then(data => { blocks.set(k, data); coming.delete(k); }));
	if (missing.length) throw Promise.all(missing.map(k => coming.get(k)));
}
function block(...id) {
	const key = id.join(" ");
	ready([key]);
	return blocks.get(key);
}

// drawn draws, and anew when what was missing is there.
async function drawn(draw) {
	for (;;) {
		try { return draw(); } catch (missing) {
			if (!(missing instanceof Promise)) throw missing;
			await missing;
		}
	}
}

// cellsOf are the cells of blocks, each of one workload and size, with their numbers at hand.
const named = new Map();
const blockOf = ({workload, size}) => `cells ${workload} ${size}`;
function cellsOf(some) {
	ready(some.map(blockOf));
	return some.flatMap(b => {
		const cells = blocks.get(blockOf(b)) ?? [];
		if (cells.length && !named.has(cells[0].name)) for (const c of cells) { Object.assign(c, c.numbers); named.set(c.name, c); }
		return cells;
	});
}
const cellNamed = {
	get(name) {
		if (!named.has(name)) cellsOf(page.cells.filter(b => name?.startsWith(b.workload + "/") && name.includes("/size=" + units.B(b.size) + "/")));
		return named.get(name);
	},
};

// cellsAt are cells by their numbers, which count through all blocks.
function cellsAt(numbers) {
	const at = new Map(numbers.map(n => [n, page.cells[d3.bisector(b => b.from).right(page.cells, n) - 1]]));
	cellsOf(distinct([...at.values()]));
	return new Map(numbers.map(n => [n, cellsOf([at.get(n)])[n - at.get(n).from]]));
}

// whole is a chart with its lines.
function whole(chart) {
	if (!chart.lines) {
		const {lines, missing, x, y} = block(chart.block)[chart.id];
		const points = (lines ?? []).flatMap(l => (l.points ??= []).map(p => { p.cell ??= l.cell; return p; }));
		const at = cellsAt(distinct(points.map(p => p.cell).filter(c => typeof c === "number")));
		for (const p of points) {
			const cell = at.get(p.cell), shown = cell?.[chart.kind === "dots" ? x : y];
			if (x) p.x = cell[x].median;
			if (y) p.y = cell[y].median;
			if (shown && shown.lo !== null && shown.lo < shown.hi) p.span = [shown.lo, shown.hi];
			[p.lo, p.hi] = p.span ?? (chart.kind === "dots" ? [p.x, p.x] : [p.y, p.y]);
			if (cell) p.cell = cell.name;
		}
		Object.assign(chart, {lines: lines ?? [], missing: missing ?? []});
	}
	return chart;
}

// wholes are charts with their lines, whose blocks are unpacked at once.
function wholes(charts) {
	ready(distinct(charts.map(c => c.block)));
	return charts.map(whole);
}

// meaning of a word, for where the pointer rests on it.
const meaning = word => page.words[word]?.replaceAll("`", "");

// What can be filtered by, with the values that occur.
const axes = {
	...page.axes,
	queue: page.axes.queue.map(q => queueOf({queue: q})),
	options: page.axes.options.map(o => optionsOf({options: o})),
	size: page.axes.size.map(String),
};
const filters = ["workload", "place", "queue", "options", "size"];

const view = {
	settings: {}, // one string each: axes, "only", "hide", and what sections and tables add
	listeners: [],
	get(key, among) { const v = this.settings[key]; return v !== undefined && (!among || among.includes(v)) ? v : ""; },
	filter(axis) { return this.get(axis, axes[axis]); },
	only() { return this.get("only", page.mechanisms); },
	hidden() { return new Set((this.settings.hide ?? "").split(",").filter(m => page.mechanisms.includes(m))); },
	// absent are the mechanisms that a chart does not show: what is hidden and, until all are asked for, all but its first.
	absent(chart) {
		const out = this.hidden();
		if (chart.shown && !this.get("all", ["1"])) for (const m of page.mechanisms) if (!chart.shown.includes(m) && m !== this.only()) out.add(m);
		return out;
	},
	// set changes some keys, "" removes one, and tells the listeners.
	set(patch) {
		for (const [k, v] of Object.entries(patch)) if (v) this.settings[k] = v; else delete this.settings[k];
		const hash = new URLSearchParams(this.settings).toString();
		history.replaceState(null, "", "#" + hash);
		this.tell(Object.keys(patch));
	},
	read() { this.settings = Object.fromEntries(new URLSearchParams(location.hash.slice(1))); },
	tell(keys) { for (const f of this.listeners) f(keys); },
	isolate(mech) { this.set({only: this.only() === mech ? "" : mech}); },
	toggle(mech) {
		const h = this.hidden();
		if (!h.delete(mech)) h.add(mech);
		this.set({hide: [...h].join(",")});
	},
	// shows is whether a cell, or what a chart's cells have in common, passes the filters.
	shows(c) {
		const is = (axis, v) => { const f = this.filter(axis); return !f || !v || f === String(v); };
		return is("workload", c.workload) && is("place", c.place) && is("size", c.size) && is("options", optionsOf(c)) && is("queue", typeof c.queue === "number" ? queueOf(c) : c.queue);
	},
};
view.read();
window.addEventListener("hashchange", () => { view.read(); view.tell(null); });

// element makes one: element("td.num", {title: "…"}, child, …). Text is never markup.
function element(what, properties = {}, ...children) {
	const [tag, ...classes] = what.split(".");
	const e = document.createElement(tag);
	if (classes.length) e.className = classes.join(" ");
	for (const [k, v] of Object.entries(properties)) {
		if (k.startsWith("on")) e.addEventListener(k.slice(2), v);
		else if (v !== undefined && v !== null && v !== false) e.setAttribute(k, v === true ? "" : v);
	}
	e.append(...children.filter(c => c !== undefined && c !== null));
	return e;
}

// whenNear draws when a part of the page first comes near the window, and anew when what it shows has changed.
function whenNear(box, draw) {
	let near = false, stale = true;
	const refresh = () => { if (near && stale) { stale = false; drawn(draw); } };
	new IntersectionObserver(entries => { near = entries.at(-1).isIntersecting; refresh(); }, {rootMargin: "600px"}).observe(box);
	return () => { stale = true; refresh(); };
}

// choice is a labelled select that keeps its value under a key of the view.
function choice(label, options, value, change) {
	const select = element("select", {"aria-label": label, onchange: () => change(select.value)},
		...options.map(([v, text]) => element("option", {value: v}, text)));
	select.value = value;
	return element("label", {}, label + " ", select);
}
