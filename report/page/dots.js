// dots draws a row for each of Y.Categories: X with its interval, a colour and
// a shape a line.
function dots(chart, {width, only, hidden, bounds}) {
	const order = chart.lines.map(l => l.name), names = d3.sort(order, n => axes.place.indexOf(n));
	const mechs = chart.y.categories.every(c => page.mechanisms.includes(c));
	const least = i => d3.min(chart.lines.flatMap(l => l.points.filter(p => p.y === i).map(p => p.x)));
	let rows = d3.range(chart.y.categories.length).filter(i => least(i) !== undefined && !hidden.has(chart.y.categories[i]));
	if (mechs) rows = d3.sort(rows, least);
	const lit = i => !only || !mechs || chart.y.categories[i] === only;
	const wide = Math.min(d3.max(rows, i => chart.y.categories[i].length) ?? 0, 60) * 6.9 + 14;
	const lanes = d3.max(d3.rollup(chart.lines.flatMap(l => l.points), list => list.length, d => d.y).values()) > 1 ? names.length : 1; // in a row
	const above = wide > 0.4 * width; // no room beside: names stand over their rows
	const tall = above ? 38 : Math.max(24, 10 + 9 * lanes);
	const margin = {top: 8, right: 18, bottom: 40, left: above ? 12 : wide};
	const height = margin.top + margin.bottom + tall * Math.max(1, rows.length);
	const all = chart.lines.flatMap(l => l.points.filter(p => rows.includes(p.y)).map(p => ({line: l.name, p})));
	const x = scaleOf(chart.x, bounds ?? all.flatMap(({p}) => [p.x, p.lo, p.hi]), [margin.left + 8, width - margin.right - 8], 56);
	const xTicks = thin(x.ticks, x.scale, ticks[chart.x.unit]);
	const y = d3.scaleLinear([-0.5, Math.max(1, rows.length) - 0.5], [margin.top, height - margin.bottom]);
	const level = ({line, p}) => rows.indexOf(p.y) + (above ? 0.2 : 0) + (lanes > 1 ? (names.indexOf(line) - (lanes - 1) / 2) * 9 / tall : 0);
	const text = {text: i => chart.y.categories[i], fill: "var(--ink)", stroke: "var(--bg)", strokeWidth: 3, y: (d, k) => k};
	const marks = [
		Plot.gridX(xTicks, {stroke: "var(--rule)", strokeOpacity: 1}),
		Plot.axisX(xTicks, {text: ticks[chart.x.unit], tickSize: 0, label: chart.x.label + " →", labelArrow: "none", labelOffset: 36}),
		Plot.ruleY(d3.range(1, rows.length).map(i => i - 0.5), {stroke: "var(--rule)"}),
	];
	if (chart.x.unit === "×" && x.domain[0] < 1 && x.domain[1] > 1) marks.push(Plot.ruleX([1], {stroke: "var(--muted)"}));
	marks.push(Plot.text(rows, {...text, x: x.domain[0], ...(above ? {dx: -8, dy: -10, textAnchor: "start"} : {dx: -16, textAnchor: "end"})}));
	for (const name of names) {
		const {color, symbol} = look(name, chart), own = all.filter(d => d.line === name);
		const paint = d => lit(d.p.y) ? color : "var(--grey)";
		marks.push(
			Plot.link(own.filter(d => d.p.lo < d.p.hi), {x1: d => d.p.lo, x2: d => d.p.hi, y1: level, y2: level, stroke: paint, strokeWidth: 2, strokeOpacity: 0.6}),
			Plot.dot(own, {x: d => d.p.x, y: level, fill: paint, symbol, r: 4}));
	}
	const svg = Plot.plot({
		width, height, className: "plot", marginTop: margin.top, marginRight: margin.right, marginBottom: margin.bottom, marginLeft: margin.left,
		x: {type: chart.x.log ? "log" : "linear", domain: x.domain, range: x.pixels}, y: {type: "linear", domain: y.domain(), range: y.range(), axis: null},
		color: {type: "identity"}, marks,
	});
	const keys = element("div.keys", {}, ...names.map(n => element("span", {}, glyph(n, chart), mechs ? places[n] ?? n : n)));
	return {svg, keys, points: all.filter(({p}) => lit(p.y)).map(d => ({...d, mech: mechs ? chart.y.categories[d.p.y] : null, x: x.scale(d.p.x), y: y(level(d))}))};
}
