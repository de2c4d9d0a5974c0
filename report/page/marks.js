// A mechanism has a colour and a shape, wherever it stands: page.looks has them by
// its name, as pictures have. The shapes are those of plots/look.go, in its order.
const polygon = (...corners) => ({draw(context, size) { // of radius 1, scaled to an area of about size
	const r = Math.sqrt(size / 2.2);
	corners.forEach(([x, y], i) => context[i ? "lineTo" : "moveTo"](r * x, r * y));
	context.closePath();
}});
const around = (n, turn = 0, radius = () => 1.1) => d3.range(n).map(i => [radius(i) * Math.sin(turn + 2 * Math.PI * i / n), -radius(i) * Math.cos(turn + 2 * Math.PI * i / n)]);
const cross = [[.35, .35], [.35, 1.1], [-.35, 1.1], [-.35, .35], [-1.1, .35], [-1.1, -.35], [-.35, -.35], [-.35, -1.1], [.35, -1.1], [.35, -.35], [1.1, -.35], [1.1, .35]];
const shapes = [d3.symbolCircle, d3.symbolSquare, d3.symbolTriangle, d3.symbolDiamond, d3.symbolStar, d3.symbolWye, polygon(...cross), polygon(...around(6)),
	polygon(...around(3, Math.PI, () => 1.3)), polygon(...cross.map(([x, y]) => [(x - y) * .75, (x + y) * .75]))];

// look of a mechanism or, where it is none, of a chart's line.
function look(name, chart) {
	const {color, shape} = looks.get(name) ?? chart?.lines.find(l => l.name === name) ?? {color: 4, shape: 0};
	return {color: `var(--c${color})`, symbol: shapes[shape]};
}

// glyph draws it for text.
function glyph(name, chart) {
	const {color, symbol} = look(name, chart);
	const svg = d3.create("svg").attr("class", "glyph").attr("viewBox", "-7 -7 14 14").attr("aria-hidden", "true");
	svg.append("path").attr("d", d3.symbol(symbol, 70)()).attr("fill", color);
	return svg.node();
}
