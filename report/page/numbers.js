// heat shows one number of one setting: mechanisms down, sizes across.
function heat() {
	const box = document.getElementById("heat"), area = box.querySelector(".heats");
	const [pick, metric] = box.querySelectorAll("select");
	const keyOf = c => settingText({workload: c.workload, peers: c.peers, queue: queueOf(c), options: c.options});
	let tables = [];
	function draw() {
		const open = page.tables.filter(t => view.shows(t));
		const found = open.find(t => keyOf(t) === view.settings.heat) ?? open[0], key = found ? keyOf(found) : "";
		const all = cellsOf(page.cells.filter(b => b.workload === found?.workload)).filter(c => keyOf(c) === key), cells = all.filter(c => c.time && page.mechanisms.includes(c.mechanism) && view.shows(c));
		pick.replaceChildren(...open.map(t => element("option", {value: keyOf(t)}, keyOf(t))));
		pick.value = key;
		const possible = page.metrics.filter(m => cells.some(c => c[m.key]));
		metric.replaceChildren(...possible.map(m => element("option", {value: m.key}, m.title)));
		metric.value = view.get("metric", possible.map(m => m.key)) || (/rate=/.test(cells[0]?.options) ? "p99" : page.two_way.includes(cells[0]?.workload) || !cells.some(c => c.rate) ? "time" : "rate");
		const {key: m, unit, more} = page.metrics.find(m => m.key === metric.value) ?? page.metrics[0];
		const sizes = d3.sort(distinct(cells.map(c => c.size)));
		tables = d3.sort(distinct(cells.map(c => c.place)), p => axes.place.indexOf(p)).map(place => {
			const at = new Map(cells.filter(c => c.place === place).map(c => [c.mechanism + "/" + c.size, c]));
			const value = (mech, size) => at.get(mech + "/" + size)?.[m]?.median;
			const rows = page.mechanisms.filter(mech => !view.hidden().has(mech) && (!view.only() || view.only() === mech));
			const best = new Map(sizes.map(size => [size, (more ? d3.max : d3.min)(page.mechanisms, mech => value(mech, size))]));
			const columns = [
				{name: "mechanism", value: mech => mech, cell: mech => element("td", {}, glyph(mech), mech)},
				...sizes.map(size => ({name: units.B(size), num: true, value: mech => value(mech, size), cell: mech => {
					const v = value(mech, size), b = best.get(size), c = at.get(mech + "/" + size);
					if (v === undefined) return element("td.num.none", {title: whyNone(all, place, mech, size)}, "–");
					const td = element(v === b ? "td.num.best" : "td.num", {title: range(unit, c[m].lo, c[m].hi)}, write(unit, v));
					td.style.setProperty("--h", (v === b ? 0 : Math.min(1, Math.abs(Math.log(v / b)) / Math.log(10))).toFixed(3)); // b may be 0
					return td;
				}})),
			];
			const t = table("heat-" + place, columns, rows);
			t.prepend(element("b", {}, places[place] ?? place));
			const inner = t.redraw;
			t.redraw = keys => { inner(keys); if (!t.firstChild.matches?.("b")) t.prepend(element("b", {}, places[place] ?? place)); };
			return t;
		});
		area.replaceChildren(...(tables.length ? tables : [element("p.empty", {}, "Nothing that the filters leave.")]));
	}
	const whyNone = (all, place, mechanism, size) => {
		const c = all.find(c => c.place === place && c.mechanism === mechanism && c.size === size);
		return c ? `${c.outcome}${c.reasons ? ": " + c.reasons.join("; ") : ""}` : "not in the plan";
	};
	pick.addEventListener("change", () => view.set({heat: pick.value}));
	metric.addEventListener("change", () => view.set({metric: metric.value}));
	const redraw = whenNear(box, draw), relevant = new Set([...filters, "only", "hide", "heat", "metric"]);
	view.listeners.push(keys => { if (!keys || keys.some(k => relevant.has(k))) redraw(); else for (const t of tables) t.redraw(keys); });
}

// allCells is every cell with every number.
function allCells() {
	const area = document.querySelector("#numbers .scroll");
	const amount = ({key, title, unit, column}) => ({name: column, num: true, value: c => c[key]?.median, cell: c => {
		if (!c[key]) return "–";
		const {median, lo, hi} = c[key], spread = lo === null || hi === null ? "" : ` ${range(unit, lo, hi)}`;
		if (key === "floor") return element("span", {title: `${write(unit, median)} ${c.floor_unit}${spread}`}, `${write(unit, median)} ${c.floor_unit}`);
		return key === "time" ? element("span", {}, write(unit, median), element("small", {}, spread)) : element("span", {title: title + spread}, write(unit, median));
	}});
	const plain = (name, value, cell, num) => ({name, value, cell: cell ?? value, num});
	const count = (name, key, text) => plain(name, c => c[key] ?? null, c => c[key] === undefined ? "–" : text(c[key]), true); // 0 is a count
	const minor = c => ({...c, minor: true}); // has no room in a narrow window
	const time = page.metrics.filter(m => m.key === "time").map(amount);
	const columns = [
		plain("mechanism", c => c.mechanism, c => element("td", {}, page.mechanisms.includes(c.mechanism) ? glyph(c.mechanism) : null, c.mechanism)),
		plain("size", c => c.size, c => units.B(c.size), true),
		...time,
		plain("workload", c => c.workload),
		plain("place", c => c.place),
		...[
			plain("queue", c => c.queue, queueOf, true),
			...(axes.peers ? [plain("peers", c => c.peers || null, c => c.peers ? String(c.peers) : "–", true)] : []),
			...(axes.options.some(o => o !== "usual") ? [plain("options", optionsOf)] : []),
			...page.metrics.filter(m => m.key !== "time").map(amount),
			count("queued", "inflight", String), count("capacity", "given", units.B),
			plain("n", c => c.n, c => String(c.n), true),
			plain("outcome", c => c.outcome, c => element("span.tag." + c.outcome, {title: c.reasons?.join("; ")}, c.outcome)),
		].map(minor),
	];
	let t;
	function draw() {
		const hidden = view.hidden(), only = view.only();
		t = table("cells", columns, cellsOf(page.cells.filter(b => view.shows({...b, options: view.filter("options")}))).filter(c => view.shows(c) && !hidden.has(c.mechanism) && (!only || only === c.mechanism)));
		area.replaceChildren(t);
	}
	const redraw = whenNear(area, draw), relevant = new Set([...filters, "only", "hide"]);
	view.listeners.push(keys => { if (!keys || keys.some(k => relevant.has(k))) redraw(); else t?.redraw(keys); });
}
