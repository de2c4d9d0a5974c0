// The tip shows what a point is: its value, interval, launches and warnings.
const tip = document.getElementById("tip");

// launchesOf are the families whose values follow from the launches, which are times
// of an operation: from a launch to a value.
const launchesOf = {
	throughput: (c, t) => c.rate.median * c.time.median / t,
	capacity: (c, t) => c.rate.median * c.time.median / t,
	latency: (c, t) => t,
	tradeoff: (c, t) => t,
	place: (c, t) => t,
};

function tipText(chart, line, p, whole = false) {
	const cell = cellNamed.get(p.cell);
	const dots = chart.kind === "dots";
	const [unit, value] = dots ? [chart.x.unit, p.x] : [chart.y.unit, p.y];
	const where = dots ? [chart.y.categories[p.y], axes.place.includes(line) && page.mechanisms.includes(chart.y.categories[p.y]) ? places[line] ?? line : line] : [line, chart.x.unit === "tail" ? percentile(p.x) : `${chart.x.label} ${write(chart.x.unit, p.x)}`];
	const mech = cell?.mechanism;
	if (chart.kind === "marks") where[1] = "";
	const title = element("p", {}, element("b", {}, where[0]), " ", where[1]);
	if (mech) title.prepend(glyph(mech));
	const out = [title, element("p", {}, element("span.big", {}, write(unit, value)), p.lo < p.hi ? ` (${range(unit, p.lo, p.hi)})` : "")];
	if (!cell) return out;
	if (chart.kind === "marks") out.push(element("p", {}, `${write("ns", p.x)} of CPU time` + (cell.p99 ? `, p99 ${write("ns", cell.p99.median)}` : "")));
	out.push(element("p", {}, element("small", {}, `${settingText({...cell, queue: queueOf(cell)})}, ${places[cell.place] ?? cell.place}`)));
	const of = launchesOf[chart.family];
	out.push(element("p.n", {}, `n = ${cell.n} ${cell.n === 1 ? "launch" : "launches"}` + (p.lo < p.hi || !of ? "" : ", too few for an interval")));
	if (of && cell.launches?.length > 1 && cell.time && cell.rate) {
		const values = cell.launches.map(t => of(cell, t));
		out.push(strip(values, unit, look(mech ?? line).color));
		if (whole) out.push(element("p", {}, element("small", {}, "launches: " + values.map(v => write(unit, v)).join(", "))));
	}
	if (cell.kept) out.push(element("p", {}, cell.kept));
	if (whole && mech && page.mechanisms.includes(mech)) out.push(element("p", {}, element("button.more", {type: "button", onclick: () => { hideTip(); view.isolate(mech); }}, view.only() === mech ? "All mechanisms" : "Only " + mech)));
	for (const i of cell.warnings ?? []) out.push(element("p.warning", {}, page.warnings[i].text.split(": ")[0]));
	return out;
}

// strip shows the launches themselves.
function strip(values, unit, color) {
	const svg = Plot.plot({width: 244, height: 40, marginLeft: 22, marginRight: 22, marginTop: 8, marginBottom: 18, className: "plot",
		x: {label: null}, y: {axis: null}, ariaLabel: "launches",
		marks: [
			Plot.ruleY([0], {stroke: "var(--rule)"}),
			Plot.tickX(values, {x: d => d, stroke: color, strokeWidth: 1.5, insetTop: 0}),
			Plot.axisX(distinct([d3.min(values), d3.max(values)]), {text: v => write(unit, v), tickSize: 0}),
		]});
	svg.querySelectorAll("style").forEach(s => s.remove());
	svg.classList.add("strip");
	return svg;
}

function showTip(content, left, top) { // in client coordinates, of the point
	tip.replaceChildren(...content);
	tip.hidden = false;
	const {width, height} = tip.getBoundingClientRect();
	const room = document.documentElement.clientWidth;
	const x = left + 16 + width > room ? left - 16 - width : left + 16;
	const y = top + 12 + height > innerHeight ? top - 12 - height : top + 12;
	tip.style.left = Math.max(8, Math.min(x, room - width - 8)) + scrollX + "px";
	tip.style.top = Math.max(8, y) + scrollY + "px";
}
const hideTip = () => { tip.hidden = true; tip.classList.remove("pinned"); };

// pinTip keeps the tip until a click elsewhere or Escape.
let unpinTip = () => {};
function pinTip(unpin) {
	if (unpinTip !== unpin) unpinTip();
	unpinTip = unpin;
	tip.classList.add("pinned");
}
document.addEventListener("click", e => { if (!tip.contains(e.target)) unpinTip(); });
