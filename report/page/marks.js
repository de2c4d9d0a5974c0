// A mechanism has a colour and a shape, wherever it stands.
const shapes = ["circle", "square", "triangle", "diamond", "star", "wye", "cross", "hexagon"];
const hexagon = {draw(context, size) { // as Plot has it; d3 has none
	const r = Math.sqrt(size * 2 / (3 * Math.sqrt(3)));
	for (let i = 0; i < 6; i++) context[i ? "lineTo" : "moveTo"](r * Math.sin(i * Math.PI / 3), -r * Math.cos(i * Math.PI / 3));
	context.closePath();
}};
const shapeOf = {circle: d3.symbolCircle, square: d3.symbolSquare, triangle: d3.symbolTriangle, diamond: d3.symbolDiamond, star: d3.symbolStar, wye: d3.symbolWye, cross: d3.symbolCross, hexagon};

// look of a line: a mechanism's, or that of its place among other lines.
function look(name, others = []) {
	const i = page.mechanisms.indexOf(name), j = Math.max(0, others.indexOf(name)) % 8;
	if (i < 0) return {color: `var(--c${[5, 6, 3, 7, 1, 2, 4, 0][j]})`, symbol: shapes[j]};
	return {color: `var(--c${i % 8})`, symbol: shapes[(i + 3 * Math.floor(i / 8)) % 8]};
}

// glyph draws it for text.
function glyph(name, others) {
	const {color, symbol} = look(name, others);
	const svg = d3.create("svg").attr("class", "glyph").attr("viewBox", "-7 -7 14 14").attr("aria-hidden", "true");
	svg.append("path").attr("d", d3.symbol(shapeOf[symbol], 70)()).attr("fill", color);
	return svg.node();
}
