// bar holds the filters and the mechanisms.
function bar() {
	const box = document.getElementById("bar");
	const filters = Object.entries(axes).filter(([, values]) => values.length > 1);
	function draw() {
		const focus = document.activeElement?.closest?.("#bar") && document.activeElement.getAttribute("aria-label");
		const only = view.only(), hidden = view.hidden();
		const text = {place: p => places[p] ?? p, size: s => units.B(+s)};
		box.replaceChildren(
			...filters.map(([axis, values]) => choice(axis, [["", "all"], ...values.map(v => [v, text[axis]?.(v) ?? v])], view.filter(axis), v => view.set({[axis]: v}))),
			element("span.mechs", {role: "group", "aria-label": "mechanisms"}, ...page.mechanisms.map(m => {
				const input = element("input", {type: "checkbox", "aria-label": "show " + m, onchange: () => view.toggle(m)});
				input.checked = !hidden.has(m);
				return element("span.mech" + (only === m ? ".only" : "") + (hidden.has(m) ? ".off" : only && only !== m ? ".dim" : ""), {}, input,
					element("button", {type: "button", "aria-label": "isolate " + m, "aria-pressed": String(only === m), title: "click isolates, shift and click hides",
						onclick: e => e.shiftKey ? view.toggle(m) : view.isolate(m)}, glyph(m), m));
			})));
		if (Object.keys(view.settings).length) box.append(element("button.reset", {type: "button", "aria-label": "reset the view",
			onclick: () => view.set(Object.fromEntries(Object.keys(view.settings).map(k => [k, ""])))}, "Reset"));
		if (focus) [...box.querySelectorAll("[aria-label]")].find(e => e.getAttribute("aria-label") === focus)?.focus();
	}
	draw();
	view.listeners.push(draw);
}

// boards: the answers are text already; they get their glyphs, and follow the filters.
function boards() {
	for (const e of document.querySelectorAll("[data-mech]")) e.prepend(glyph(e.dataset.mech));
	const others = document.querySelector(".others");
	if (others && !others.querySelector(".board")) others.hidden = true;
	function draw() {
		const place = view.filter("place");
		for (const b of document.querySelectorAll(".board")) {
			const rows = [...b.tBodies[0].rows];
			for (const r of rows) r.hidden = !view.shows({workload: b.dataset.workload, queue: view.filter("queue") ? b.dataset.queue : "", options: r.dataset.options, size: r.dataset.size});
			b.hidden = rows.every(r => r.hidden);
			for (const e of b.querySelectorAll("[data-place]")) e.hidden = place !== "" && e.dataset.place !== place && b.querySelector(`th[data-place="${CSS.escape(place)}"]`) !== null;
		}
		if (others && view.filter("queue") && view.filter("queue") !== "default") others.open = true;
	}
	draw();
	view.listeners.push(draw);
}

// here makes each heading a link to its section in the view that is shown.
function here() {
	for (const h of document.querySelectorAll("section > h2, section > .head > h2")) {
		const id = h.closest("section").id;
		h.append(" ", element("a.here", {href: "#at=" + id, "aria-label": "link to this section", onclick: e => { e.preventDefault(); view.set({at: id}); }}, "#"));
	}
	const go = () => { const at = view.get("at"); if (at) document.getElementById(at)?.scrollIntoView(); };
	view.listeners.push(keys => { if (!keys || keys.includes("at")) go(); });
	go();
}

bar();
boards();
advice();
comparisons();
document.querySelectorAll("section[data-families]").forEach(section);
if (page.cells.some(c => c.time)) heat(); else document.getElementById("heat").hidden = true;
allCells();
here();
addEventListener("keydown", e => { if (e.key === "Escape") hideTip(); });
document.documentElement.dataset.ready = "yes";
