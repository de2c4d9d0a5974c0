// bar holds the filters and the mechanisms.
function bar() {
	const box = document.getElementById("bar");
	const many = page.mechanisms.length > 12;
	let unfolded = false;
	const open = filters.filter(axis => axes[axis].length > 1);
	function draw() {
		const focus = document.activeElement?.closest?.("#bar") && document.activeElement.getAttribute("aria-label");
		const only = view.only(), hidden = view.hidden();
		const text = {place: p => places[p] ?? p, size: s => units.B(+s)};
		box.replaceChildren(
			...open.map(axis => choice(axis, [["", "all"], ...axes[axis].map(v => [v, text[axis]?.(v) ?? v])], view.filter(axis), v => view.set({[axis]: v}))),
			many ? allOf(page.charts) ?? "" : "", element("span.mechs", {role: "group", "aria-label": "mechanisms"}, ...page.mechanisms.map(m => {
				const input = element("input", {type: "checkbox", "aria-label": "show " + m, onchange: () => view.toggle(m)});
				input.checked = !hidden.has(m);
				return element("span.mech" + (only === m ? ".only" : "") + (hidden.has(m) ? ".off" : only && only !== m ? ".dim" : ""), {}, input,
					element("button", {type: "button", "aria-label": "isolate " + m, "aria-pressed": String(only === m), title: "click isolates, shift and click hides",
						onclick: e => e.shiftKey ? view.toggle(m) : view.isolate(m)}, glyph(m), m));
			})));
		if (many) { // they would take a window of 400 pixels alone
			const list = box.querySelector(".mechs"), fold = element("details", {open: unfolded, ontoggle: () => { unfolded = fold.open; }}, element("summary", {}, "mechanisms"));
			list.replaceWith(fold);
			fold.append(list);
		}
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

// define gives the words of the page their meaning, each once a section, where the pointer rests on them.
function define() {
	const names = Object.keys(page.words).sort((a, b) => b.length - a.length);
	const found = new RegExp(`(?<![\\w/=-])(${names.map(n => n.replace(/[^\w ]/g, "\\$&")).join("|")})(?=s?(?![\\w/=-]))`, "g");
	for (const s of document.querySelectorAll("section")) {
		const seen = new Set();
		for (const e of s.querySelectorAll("h2, .lede, thead th, dt, caption small")) for (const node of [...e.childNodes].filter(n => n.nodeType === Node.TEXT_NODE)) {
			const parts = node.textContent.split(found).map((t, i) => i % 2 && !seen.has(t) && seen.add(t) ? element("dfn", {title: meaning(t)}, t) : t);
			if (parts.length > 1) node.replaceWith(...parts);
		}
	}
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
tradeOff();
comparisons();
document.querySelectorAll("section[data-families]").forEach(section);
if (axes.time) heat(); else document.getElementById("heat").hidden = true;
allCells();
here();
define();
addEventListener("keydown", e => { if (e.key === "Escape") { unpinTip(); hideTip(); } });
Object.assign(globalThis, {page, blocks, cellNamed, look, shapes}); // for the console
document.documentElement.dataset.ready = "yes";
