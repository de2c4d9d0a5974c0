// table shows rows that sort by a click on a column's name; of many rows only
// the first are drawn until all are asked for.
//   columns: [{name, value(row), cell(row) -> element or text, num, minor}]
function table(id, columns, rows, cap = 60) {
	const sorts = columns.flatMap((c, i) => [`${i}`, `-${i}`]);
	const key = id + ".sort";
	const box = element("div");
	function draw() {
		const by = view.get(key, sorts), all = view.get(id + ".all", ["1"]);
		const i = Math.abs(by), down = by.startsWith("-");
		let sorted = rows;
		if (by !== "") {
			const value = columns[i].value;
			const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en");
			const absent = v => v === null || v === undefined;
			sorted = rows.map(r => [value(r), r]).sort(([a], [b]) => absent(a) - absent(b) || (absent(a) ? 0 : down ? compare(b, a) : compare(a, b))).map(([, r]) => r);
		}
		const shown = all ? sorted : sorted.slice(0, cap);
		const head = element("tr", {}, ...columns.map((c, k) => element("th" + (c.num ? ".num" : "") + (c.minor ? ".minor" : ""), {scope: "col", "aria-sort": by !== "" && i === k ? (down ? "descending" : "ascending") : null},
			element("button", {type: "button", title: meaning(c.name), onclick: () => { view.set({[key]: by === `${k}` ? `-${k}` : by === `-${k}` ? "" : `${k}`}); refocus(k); }}, c.name))));
		const body = element("tbody", {}, ...shown.map(r => element("tr", {}, ...columns.map(c => {
			const cell = c.cell(r);
			return cell instanceof Element && cell.tagName === "TD" ? cell : element("td" + (c.num ? ".num" : "") + (c.minor ? ".minor" : ""), {}, cell);
		}))));
		box.replaceChildren(element("table.grid", {}, element("thead", {}, head), body));
		if (shown.length < rows.length) box.append(element("button.more", {type: "button", onclick: () => view.set({[id + ".all"]: "1"})}, `Show all ${rows.length}`));
	}
	const refocus = k => box.querySelectorAll("th button")[k]?.focus();
	box.redraw = keys => { if (!keys || keys.includes(key) || keys.includes(id + ".all")) draw(); };
	draw();
	return box;
}
