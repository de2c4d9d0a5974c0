// A cell over the builds of a series, drawn anew where the window changes its width.
{
	const data = JSON.parse(document.getElementById("data").textContent), figure = document.getElementById("chart");
	const points = data.points.map(([build, y, lo, hi]) => ({build, y, lo: lo ?? y, hi: hi ?? y, bounded: lo !== null && hi !== null}));
	const value = v => data.unit === "n" ? Math.round(v).toLocaleString("en").replaceAll(",", "\u202f") : write(data.unit, v);
	const short = name => { const s = name.replace(/^(\d{4}-\d\d-\d\d)T.*/, "$1"); return s.length > 14 ? s.slice(0, 13) + "…" : s; };
	let drawn = 0;
	const draw = () => {
		const width = Math.floor(figure.clientWidth);
		if (width === drawn) return;
		drawn = width;
		if (!points.length) {
			figure.textContent = "No build has a number.";
			document.documentElement.dataset.ready = "";
			return;
		}
		const last = data.builds.length - 1, most = Math.max(2, Math.floor((width - 90) / 105)), every = Math.max(1, Math.ceil((last + 1) / most));
		const [least, greatest] = d3.extent(points.flatMap(p => [p.lo, p.hi])), room = Math.max((greatest - least) * 0.12, greatest * 0.01);
		const svg = Plot.plot({
			width, height: 340, className: "plot", marginLeft: 72, marginRight: 28, marginTop: 34, marginBottom: 38,
			x: {domain: [-0.5, last + 0.5]}, y: {domain: [least - room, greatest + room]},
			marks: [
				Plot.gridY({stroke: "var(--rule)", strokeOpacity: 1}),
				Plot.axisY({ticks: 6, tickFormat: value, tickSize: 0, label: "↑ " + data.metric, labelArrow: "none", labelOffset: 72}),
				Plot.axisX(d3.range(0, last + 1, every), {tickFormat: i => short(data.builds[i] ?? ""), tickSize: 4, label: null}),
				Plot.ruleX(data.steps, {x: s => s.at - 0.5, stroke: s => s.worse ? "var(--bad)" : "var(--good)", strokeWidth: 1.2}),
				Plot.text(data.steps.filter((s, i, all) => i === 0 || (s.at - all[i - 1].at) * (width - 100) / (last + 1) > 52), {x: s => s.at - 0.5, frameAnchor: "top", dy: -12, text: "text", fill: s => s.worse ? "var(--bad)" : "var(--good)"}),
				Plot.link(data.levels, {x1: l => l[0] - 0.4, x2: l => l[1] + 0.4, y1: l => l[2], y2: l => l[2], stroke: "var(--grey)", strokeWidth: 2}),
				Plot.ruleX(points.filter(p => p.bounded), {x: "build", y1: "lo", y2: "hi", stroke: "var(--accent)", strokeOpacity: 0.6, strokeWidth: 1.4}),
				Plot.dot(points, {x: "build", y: "y", fill: "var(--accent)", r: last > 100 ? 2 : 3.2}),
				Plot.text(points, Plot.pointerX({x: "build", y: "y", dy: -14, text: p => `${data.builds[p.build]}: ${value(p.y)}`, fill: "var(--ink)", stroke: "var(--bg)", strokeWidth: 4, textAnchor: "middle"})),
			],
		});
		svg.querySelectorAll("style").forEach(s => s.remove()); // the policy lets no other style in; ours has what it needs
		svg.setAttribute("role", "img");
		svg.setAttribute("aria-label", `${data.metric} over ${data.builds.length} builds, ${data.steps.length} steps`);
		figure.replaceChildren(svg);
		document.documentElement.dataset.ready = "";
	};
	draw();
	addEventListener("resize", draw);
}
