// The view is one small object. The address keeps it after the #, so that a
// link shows what its sender saw; what the address asks for and the page does
// not have is passed over.
const page = JSON.parse(document.getElementById("data").textContent);
for (const key of ["cells", "charts", "advice", "tables", "metrics", "mechanisms"]) page[key] ??= [];
for (const key of ["workload", "place", "queue", "options", "size"]) page.axes[key] ??= [];
const looks = new Map(page.mechanisms.map((m, i) => [m, page.looks[i]]));
const places = page.places ?? {}; // in words
const distinct = values => [...new Set(values)];
const optionsOf = c => c.options || "usual";
const queueOf = c => c.queue ? units.B(c.queue) : "default";

// The data lie in blocks, which are parsed when something first looks at them.
const blocks = new Map();
function block(...id) {
	const key = id.join(" ");
	if (!blocks.has(key)) blocks.set(key, JSON.parse(document.getElementById(key)?.textContent ?? "null"));
	return blocks.get(key);
}

// cellsOf are the cells of one workload and size, with their numbers at hand.
const named = new Map();
function cellsOf({workload, size}) {
	const cells = block("cells", workload, size) ?? [];
	if (cells.length && !named.has(cells[0].name)) for (const c of cells) { Object.assign(c, c.numbers); named.set(c.name, c); }
	return cells;
}
const cellNamed = {
	get(name) {
		if (!named.has(name)) for (const b of page.cells) if (name?.startsWith(b.workload + "/") && name.includes("/size=" + units.B(b.size) + "/")) cellsOf(b);
		return named.get(name);
	},
};

// whole is a chart with its lines.
function whole(chart) {
	if (!chart.lines) {
		const {lines, missing} = block("chart", chart.id);
		Object.assign(chart, {lines: lines ?? [], missing: missing ?? []});
		for (const l of chart.lines) for (const p of l.points ??= []) {
			p.cell ??= l.cell;
			[p.lo, p.hi] = p.span ?? (chart.kind === "dots" ? [p.x, p.x] : [p.y, p.y]);
		}
	}
	return chart;
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
	const refresh = () => { if (near && stale) { stale = false; draw(); } };
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
