"use strict";
// A frame that is pointed at or tapped is told about, and a click makes it as wide as its graph.
{
	const detail = document.getElementById("detail");
	const show = frame => {
		for (const f of document.querySelectorAll(".picked")) f.classList.remove("picked");
		frame.classList.add("picked");
		detail.textContent = frame.querySelector("title").textContent;
	};
	for (const graph of document.querySelectorAll("#flames > svg.flame")) {
		const frames = [...graph.children].map(svg => ({svg, x: parseFloat(svg.getAttribute("x")), width: parseFloat(svg.getAttribute("width"))}));
		const zoom = to => {
			for (const f of frames) {
				const above = f.x <= to.x && f.x + f.width >= to.x + to.width && +f.svg.getAttribute("y") < +to.svg.getAttribute("y");
				const x = above ? 0 : (f.x - to.x) / to.width * 100, width = above ? 100 : f.width / to.width * 100;
				f.svg.setAttribute("x", x + "%");
				f.svg.setAttribute("width", width + "%");
				f.svg.toggleAttribute("hidden", !above && (x < -1e-6 || x >= 100 || f.x + f.width > to.x + to.width + 1e-3));
			}
		};
		for (const f of frames) {
			f.svg.addEventListener("pointerover", () => show(f.svg));
			f.svg.addEventListener("click", () => { show(f.svg); zoom(f); });
		}
	}
	document.documentElement.dataset.ready = "";
}
