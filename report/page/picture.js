// picture is a chart with its caption, what is missing from it, and a pointer
// that mouse and keyboard move from point to point.
const kinds = {lines, dots, marks};

function picture(chart, options) {
	const {svg, keys, points} = kinds[chart.kind](chart, options);
	svg.querySelectorAll("style").forEach(s => s.remove()); // the policy lets no other style in; ours has what it needs
	svg.setAttribute("role", "img");
	svg.setAttribute("aria-label", `${chart.title}. ${chart.note} ${chart.lines.map(l => l.name).join(", ")}. Arrow keys move from point to point.`);
	svg.setAttribute("tabindex", "0");
	point(svg, chart, points, options.width);
	const caption = options.caption ?? element("figcaption", {}, chart.title);
	const figure = element("figure", {id: options.mini ? null : chart.id, "data-kind": chart.kind}, caption, keys, points.length ? svg : element("p.empty", {}, "Nothing that the filters leave."), options.mini ? null : missing(chart));
	figure.style.setProperty("--wide", options.width + "px");
	return figure;
}

// point makes the points of a chart tell what they are.
function point(svg, chart, points, width) {
	let now = -1, pinned = false;
	const ring = d3.select(svg).append("circle").attr("r", 7).attr("fill", "none").attr("stroke", "var(--ink)").attr("stroke-width", 1.5).attr("visibility", "hidden");
	const leave = () => { if (pinned) return; now = -1; ring.attr("visibility", "hidden"); hideTip(); };
	const unpin = () => { pinned = false; leave(); };
	const pin = i => { go(i, true); pinned = true; pinTip(unpin); };
	const go = (i, whole = false) => {
		now = i;
		const {line, p, x, y} = points[i], box = svg.getBoundingClientRect(), scale = box.width / width;
		ring.attr("cx", x).attr("cy", y).attr("visibility", null);
		drawn(() => { if (now === i) showTip(tipText(chart, line, p, whole), box.left + x * scale, box.top + y * scale); });
	};
	const near = event => {
		const box = svg.getBoundingClientRect(), scale = width / box.width;
		const [px, py] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
		const i = d3.leastIndex(points, d => Math.hypot(d.x - px, d.y - py));
		return i >= 0 && Math.hypot(points[i].x - px, points[i].y - py) < 45 ? i : -1;
	};
	svg.addEventListener("pointermove", e => { if (pinned) return; const i = near(e); if (i < 0) leave(); else if (i !== now) go(i); });
	svg.addEventListener("pointerleave", leave);
	svg.addEventListener("blur", leave);
	svg.addEventListener("click", e => {
		const label = e.target.closest("text")?.textContent;
		const i = near(e);
		if (page.mechanisms.includes(label)) { unpin(); if (e.shiftKey) view.toggle(label); else view.isolate(label); }
		else if (i < 0 || pinned && i === now) unpin();
		else pin(i);
		e.stopPropagation(); // a click elsewhere takes the pin out
	});
	svg.addEventListener("keydown", e => {
		if (!points.length) return;
		pinned &&= !e.key.startsWith("Arrow");
		const step = {ArrowRight: 1, ArrowLeft: -1}[e.key], jump = {ArrowDown: 1, ArrowUp: -1}[e.key];
		if (step) go((Math.max(now, step < 0 ? 0 : -1) + step + points.length) % points.length);
		else if (jump) { // the same place on the next line
			const names = distinct(points.map(d => d.line)), here = points[Math.max(now, 0)];
			const next = names[(names.indexOf(here.line) + jump + names.length) % names.length];
			go(d3.leastIndex(points, d => d.line === next ? Math.abs(d.x - here.x) : Infinity));
		} else if (e.key === "Enter" && now >= 0) { if (pinned) unpin(); else pin(now); }
		else if (e.key === "Escape") unpin();
		else return;
		e.preventDefault();
	});
}

// missing lists which points have no place in the picture.
function missing(chart) {
	if (!chart.missing.length) return null;
	const lineOf = m => chart.kind === "dots" ? `${cellNamed.get(m.cell)?.mechanism ?? ""} ${places[m.line] ?? m.line}`.trim() : m.line;
	const by = d3.rollups(chart.missing, list => distinct(list.map(lineOf)), m => m.reason.split(": ")[0]);
	const what = by.map(([why, names]) => `${why}: ${names.length > 6 ? names.length : names.join(", ")}`).join("; ");
	const place = m => chart.kind === "lines" && m.x ? `${m.line}, ${write(chart.x.unit, m.x)}` : lineOf(m);
	return element("details.missing", {}, element("summary", {}, `Without ${chart.missing.length} ${chart.missing.length === 1 ? "point" : "points"} (${what})`),
		element("ul", {}, ...chart.missing.map(m => element("li", {}, `${place(m)}: ${m.reason}`))));
}
