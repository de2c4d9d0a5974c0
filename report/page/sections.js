// A section shows the charts of its families in one setting, the places side
// by side, and draws only when it comes near the window.
function section(box) {
	const families = box.dataset.families.split(" "), each = "each" in box.dataset, id = box.id;
	const charts = page.charts.filter(c => families.includes(c.family));
	const area = box.querySelector(".charts"), label = box.querySelector(".pick"), select = label.querySelector("select");
	const keyOf = c => (each ? c.family + " " : "") + settingText(c.setting);
	const weight = group => d3.sum(group, c => c.points);
	const groups = d3.group(charts, keyOf);
	let width = 0;

	// pick finds the setting to show: the reader's, or the one with most to see.
	function pick() {
		const open = [...groups].map(([k, g]) => [k, g.filter(c => view.shows(c.setting))]).filter(([, g]) => g.length);
		const asked = open.find(([k]) => k === view.settings[id]);
		const best = open[d3.greatestIndex(open, ([, g]) => weight(g))];
		const texts = open.map(([k]) => k);
		select.replaceChildren(...texts.map(k => element("option", {value: k}, k)));
		label.hidden = texts.length < 2;
		box.querySelector(".few")?.remove();
		const [key, group] = asked ?? best ?? ["", []];
		select.value = key;
		label.after(allOf(group) ?? "");
		return wholes(d3.sort(group, c => axes.place.indexOf(c.setting.place)));
	}
	select.addEventListener("change", () => view.set({[id]: select.value}));

	// draw fills the section for its width on the screen, or for paper.
	function draw(paper = 0) {
		width = paper || area.clientWidth;
		const group = pick(), only = view.only();
		area.classList.toggle("many", each);
		if (!group.length) area.replaceChildren(element("p.empty", {}, "Nothing that the filters leave."));
		else if (each) area.replaceChildren(...multiples(group));
		else {
			const columns = group.length > 1 && (paper || width >= 1072) ? 2 : 1, own = (width - (paper ? 16 : 32) * (columns - 1)) / columns;
			const size = {width: Math.min(own, 900), height: Math.max(240, Math.min(400, own * 0.58))};
			area.replaceChildren(...group.map(c => picture(c, {...size, only, hidden: view.absent(c)})));
		}
	}

	// multiples: each line in colour on the same scales, the others in grey.
	function multiples(group) {
		const bounds = group.flatMap(c => c.lines.flatMap(l => l.points.flatMap(p => [p.y, p.lo, p.hi])));
		const columns = width < 600 ? 2 : 4, size = {width: (width - 16 * (columns - 1)) / columns, height: 150};
		return group.flatMap(c => [element("h3", {}, c.title), ...c.lines.filter(l => !view.absent(c).has(l.name)).map(l =>
			picture(c, {...size, mini: true, only: l.name, hidden: view.absent(c), bounds, caption: element("figcaption", {}, glyph(l.name), l.name)}))]);
	}

	const redraw = whenNear(box, draw);
	new ResizeObserver(() => { if (Math.abs(area.clientWidth - width) > 4) redraw(); }).observe(area);
	const relevant = new Set([...filters, "only", "hide", "all", id]);
	view.listeners.push(keys => { if (!keys || keys.some(k => relevant.has(k))) redraw(); });
	addEventListener("beforeprint", () => drawn(() => draw(700)));
	addEventListener("afterprint", redraw);
}
