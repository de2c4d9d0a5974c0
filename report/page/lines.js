// scaleOf an axis over values and pixels, with ticks no closer than gap pixels.
function scaleOf(axis, values, pixels, gap) {
	let [lo, hi] = d3.extent(values);
	if (axis.log && lo === hi) [lo, hi] = [lo / 2, hi * 2];
	if (!axis.log) { lo = Math.min(0, lo); hi = hi > lo ? hi * 1.05 : lo + 1; }
	const domain = [lo, hi];
	const scale = (axis.log ? d3.scaleLog : d3.scaleLinear)(domain, pixels);
	const most = Math.max(2, Math.floor(Math.abs(pixels[1] - pixels[0]) / gap));
	return {scale, domain, pixels, ticks: axis.log ? logTicks(axis.unit, lo, hi, most) : d3.ticks(lo, hi, Math.min(most, 6))};
}

// logTicks are 1, 2 and 5 times powers of ten, as fine as there is room for; sizes
// have powers of 2, and less than a decade has steps of 1, 2 or 5.
function logTicks(unit, lo, hi, most) {
	const powers = (base, step, digits = [1]) => {
		const out = [];
		for (let e = Math.floor(Math.log(lo) / Math.log(base) / step) * step; base ** e <= hi * 1.001; e += step)
			for (const d of digits) if (d * base ** e >= lo * 0.999 && d * base ** e <= hi * 1.001) out.push(d * base ** e);
		return out;
	};
	const tries = unit === "B" ? [1, 2, 3, 4, 5, 10].map(s => powers(2, s))
		: unit === "B/s" ? [powers(1024, 1, [1, 2, 5, 10, 20, 50, 100, 200, 500]), powers(1024, 1, [1, 10, 100]), powers(1024, 1)]
		: [powers(10, 1, [1, 2, 5]), powers(10, 1), powers(10, 2)];
	if (unit !== "B" && tries[0].length < 3) {
		const one = unit === "B/s" ? 1024 ** Math.floor(Math.log(hi) / Math.log(1024)) : 1; // in which the labels are written
		tries.unshift(d3.ticks(lo / one, hi / one, Math.min(most, 5)).map(v => v * one));
	}
	const coarse = tries.findLast(t => t.length > 1) ?? [lo, hi];
	return tries.find(t => t.length <= most && t.length > 1) ?? coarse.filter((_, i) => i % Math.ceil(coarse.length / most) === 0);
}

// thin keeps those values whose texts, centred, do not touch.
function thin(values, position, text, width = 7) {
	let end = -Infinity;
	return values.filter(v => {
		const half = text(v).length * width / 2 + 4;
		if (position(v) - half < end) return false;
		end = position(v) + half;
		return true;
	});
}

// spread moves positions apart to gap pixels, as little as needed, within bounds.
function spread(wanted, gap, from, to) {
	const order = d3.sort(d3.range(wanted.length), i => wanted[i]);
	const out = [...wanted];
	gap = Math.min(gap, (to - from) / Math.max(1, wanted.length - 1));
	for (let pass = 0; pass < 60; pass++) {
		let moved = false;
		for (let k = 1; k < order.length; k++) {
			const [a, b] = [order[k - 1], order[k]], lack = gap - (out[b] - out[a]);
			if (lack > 0.01) { out[a] -= lack / 2; out[b] += lack / 2; moved = true; }
		}
		if (!moved) break;
	}
	let least = from; // what bounds and rounding left is put right in one sweep down and one up
	for (const i of order) { out[i] = Math.max(out[i], least); least = out[i] + gap; }
	let most = to;
	for (const i of order.toReversed()) { out[i] = Math.min(out[i], most); most = out[i] - gap; }
	return out;
}

// lines draws Y against X, a line a mechanism: its interval as a band, and its
// name at the end.
function lines(chart, {width, height, only, hidden, bounds, mini}) {
	const shown = chart.lines.filter(l => l.points.length && !hidden.has(l.name));
	const lit = name => !only || name === only;
	const all = shown.flatMap(l => l.points);
	const longest = d3.max(shown, l => l.name.length) ?? 0;
	const margin = mini ? {top: 6, right: 10, bottom: 22, left: 60} : {top: 26, right: 26 + 6.9 * longest, bottom: 38, left: 64};
	const x = scaleOf(chart.x, all.map(p => p.x), [margin.left + (mini ? 6 : 10), width - margin.right - (mini ? 4 : 10)], 48);
	const y = scaleOf(chart.y, bounds ?? all.flatMap(p => [p.y, p.lo, p.hi]), [height - margin.bottom - 4, margin.top + 6], mini ? 30 : 38);
	const xText = ticks[chart.x.unit], yText = ticks[chart.y.unit];
	const at = chart.x.unit === "tail" ? [2, 10, 100, 1e3, 1e4, 1e5, 1e6].filter(t => t <= x.domain[1]) : d3.sort(distinct(all.map(p => p.x)));
	const xTicks = thin(at, x.scale, xText, mini ? 6.5 : 7);
	const marks = [
		Plot.gridY(y.ticks, {stroke: "var(--rule)", strokeOpacity: 1}),
		Plot.axisY(y.ticks, {text: yText, tickSize: 0, label: mini ? null : "↑ " + chart.y.label, labelArrow: "none", labelOffset: margin.left}),
		Plot.axisX(xTicks, {text: xText, tickSize: 4, label: mini ? null : chart.x.label + " →", labelArrow: "none", labelOffset: 34}),
	];
	if (chart.y.unit === "×" && y.domain[0] < 1 && y.domain[1] > 1) marks.push(Plot.ruleY([1], {stroke: "var(--muted)"}));
	for (const l of d3.sort(shown, l => lit(l.name))) { // the lit ones on top
		const {color, symbol} = look(l.name, chart), stroke = lit(l.name) ? color : "var(--grey)";
		if (lit(l.name) && l.points.some(p => p.lo < p.hi)) marks.push(Plot.areaY(l.points, {x: "x", y1: "lo", y2: "hi", fill: color, fillOpacity: mini || only ? 0.22 : 0.1}));
		marks.push(Plot.lineY(l.points, {x: "x", y: "y", stroke, strokeWidth: lit(l.name) ? 1.8 : 1}));
		if (lit(l.name)) marks.push(Plot.dot(l.points, {x: "x", y: "y", fill: color, symbol, r: mini ? 2.2 : 3.4}));
	}
	if (!mini) {
		const ends = shown.filter(l => lit(l.name)).map(l => ({name: l.name, ...l.points.at(-1)}));
		const put = spread(ends.map(e => y.scale(e.y)), 15, margin.top, height - margin.bottom - 2);
		const edge = width - margin.right;
		ends.forEach((e, i) => {
			const {color, symbol} = look(e.name, chart), level = y.scale.invert(put[i]), right = x.scale.invert(edge);
			marks.push(
				Plot.link([e], {x1: "x", y1: "y", x2: right, y2: level, stroke: color, strokeOpacity: 0.55, strokeDasharray: "1 3"}),
				Plot.dot([e], {x: right, y: level, dx: 8, fill: color, symbol, r: 3.4}),
				Plot.text([e], {x: right, y: level, dx: 17, text: "name", textAnchor: "start", fill: "var(--ink)"}));
		});
	}
	const svg = Plot.plot({
		width, height, className: "plot", marginTop: margin.top, marginRight: margin.right, marginBottom: margin.bottom, marginLeft: margin.left,
		x: {type: chart.x.log ? "log" : "linear", domain: x.domain, range: x.pixels}, y: {type: chart.y.log ? "log" : "linear", domain: y.domain, range: y.pixels},
		marks,
	});
	return {svg, points: shown.filter(l => lit(l.name)).flatMap(l => l.points.map(p => ({line: l.name, mech: l.name, p, x: x.scale(p.x), y: y.scale(p.y)})))};
}
