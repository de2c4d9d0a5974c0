// heat shows one number of one setting: mechanisms down, sizes across.
function heat() {
	const box = document.getElementById("heat"), area = box.querySelector(".heats");
	const [pick, metric] = box.querySelectorAll("select");
	const keyOf = c => settingText({workload: c.workload, peers: c.peers, queue: queueOf(c), options: c.options});
	const groups = d3.group(page.cells.filter(c => c.time && page.mechanisms.includes(c.mechanism)), keyOf);
	let tables = [];
	function draw() {
		const open = [...groups].map(([k, g]) => [k, g.filter(c => view.shows(c))]).filter(([, g]) => g.length);
		const [key, cells] = open.find(([k]) => k === view.settings.heat) ?? open[0] ?? ["", []];
		pick.replaceChildren(...open.map(([k]) => element("option", {value: k}, k)));
		pick.value = key;
		const possible = page.metrics.filter(m => cells.some(c => c[m.key]));
		metric.replaceChildren(...possible.map(m => element("option", {value: m.key}, m.title)));
		metric.value = view.get("metric", possible.map(m => m.key)) || (/rate=/.test(cells[0]?.options) ? "p99" : page.two_way.includes(cells[0]?.workload) || !cells.some(c => c.rate) ? "time" : "rate");
		const {key: m, unit, more} = page.metrics.find(m => m.key === metric.value) ?? page.metrics[0];
		const sizes = d3.sort(distinct(cells.map(c => c.size)));
		tables = distinct(cells.map(c => c.place)).map(place => {
			const at = new Map(cells.filter(c => c.place === place).map(c => [c.mechanism + "/" + c.size, c]));
			const value = (mech, size) => at.get(mech + "/" + size)?.[m]?.median;
			const rows = page.mechanisms.filter(mech => !view.hidden().has(mech) && (!view.only() || view.only() === mech));
			const best = new Map(sizes.map(size => [size, (more ? d3.max : d3.min)(page.mechanisms, mech => value(mech, size))]));
			const columns = [
				{name: "mechanism", value: mech => mech, cell: mech => element("td", {}, glyph(mech), mech)},
				...sizes.map(size => ({name: units.B(size), num: true, value: mech => value(mech, size), cell: mech => {
					const v = value(mech, size), b = best.get(size), c = at.get(mech + "/" + size);
					if (v === undefined) return element("td.num.none", {title: whyNone(place, mech, size, cells[0])}, "–");
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
	const whyNone = (place, mechanism, size, like) => {
		const c = page.cells.find(c => c.place === place && c.mechanism === mechanism && c.size === size && keyOf(c) === keyOf(like));
		return c ? `${c.outcome}${c.reasons ? ": " + c.reasons.join("; ") : ""}` : "not in the plan";
	};
	pick.addEventListener("change", () => view.set({heat: pick.value}));
	metric.addEventListener("change", () => view.set({metric: metric.value}));
	draw();
	const relevant = new Set([...Object.keys(axes), "only", "hide", "heat", "metric"]);
	view.listeners.push(keys => { if (!keys || keys.some(k => relevant.has(k))) draw(); else for (const t of tables) t.redraw(keys); });
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
	const columns = [
		plain("workload", c => c.workload),
		plain("mechanism", c => c.mechanism, c => element("td", {}, page.mechanisms.includes(c.mechanism) ? glyph(c.mechanism) : null, c.mechanism)),
		plain("size", c => c.size, c => units.B(c.size), true),
		plain("queue", c => c.queue, queueOf, true),
		plain("place", c => c.place),
		...(page.cells.some(c => c.peers) ? [plain("peers", c => c.peers || null, c => c.peers ? String(c.peers) : "–", true)] : []),
		...(page.cells.some(c => c.options) ? [plain("options", optionsOf)] : []),
		...page.metrics.map(amount),
		count("queued", "inflight", String), count("capacity", "given", units.B),
		plain("n", c => c.n, c => String(c.n), true),
		plain("outcome", c => c.outcome, c => element("span.tag." + c.outcome, {title: c.reasons?.join("; ")}, c.outcome)),
	];
	let t;
	function draw() {
		const hidden = view.hidden(), only = view.only();
		t = table("cells", columns, page.cells.filter(c => view.shows(c) && !hidden.has(c.mechanism) && (!only || only === c.mechanism)));
		area.replaceChildren(t);
	}
	draw();
	const relevant = new Set([...Object.keys(axes), "only", "hide"]);
	view.listeners.push(keys => { if (!keys || keys.some(k => relevant.has(k))) draw(); else t.redraw(keys); });
}
