// The view is one small object. The address keeps it after the #, so that a
// link shows what its sender saw; what the address asks for and the page does
// not have is passed over.
const page = JSON.parse(document.getElementById("data").textContent);
page.cells ??= []; page.metrics ??= []; for (const c of page.cells) Object.assign(c, c.numbers); page.charts ??= []; page.mechanisms ??= [];
for (const c of page.charts) { c.missing ??= []; for (const l of c.lines) l.points ??= []; }
const cellNamed = new Map(page.cells.map(c => [c.name, c]));
const places = page.places ?? {}; // in words
const distinct = values => [...new Set(values)];
const optionsOf = c => c.options || "usual";
const queueOf = c => c.queue ? units.B(c.queue) : "default";

// What can be filtered by, with the values that occur.
const axes = {
	workload: distinct(page.cells.map(c => c.workload)),
	place: distinct(page.cells.map(c => c.place)),
	queue: distinct(page.cells.map(c => c.queue)).sort((a, b) => a - b).map(q => queueOf({queue: q})),
	options: distinct(page.cells.map(optionsOf)).sort(),
	size: distinct(page.cells.map(c => c.size)).sort((a, b) => a - b).map(String),
};

const view = {
	settings: {}, // one string each: axes, "only", "hide", and what sections and tables add
	listeners: [],
	get(key, among) { const v = this.settings[key]; return v !== undefined && (!among || among.includes(v)) ? v : ""; },
	filter(axis) { return this.get(axis, axes[axis]); },
	only() { return this.get("only", page.mechanisms); },
	hidden() { return new Set((this.settings.hide ?? "").split(",").filter(m => page.mechanisms.includes(m))); },
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
	// shows tells whether a cell, or what a chart's cells have in common, passes the filters.
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

// choice is a labelled select that keeps its value under a key of the view.
function choice(label, options, value, change) {
	const select = element("select", {"aria-label": label, onchange: () => change(select.value)},
		...options.map(([v, text]) => element("option", {value: v}, text)));
	select.value = value;
	return element("label", {}, label + " ", select);
}
