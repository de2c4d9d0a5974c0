// Amounts are nanoseconds, bytes and counts inside; they are scaled here and
// nowhere else.
const digits3 = v => v === 0 ? "0" : Math.abs(v) >= 100 ? v.toFixed(0) : Math.abs(v) >= 10 ? v.toFixed(1) : v.toPrecision(3);
const trimmed = v => String(+v.toPrecision(3));

function scaled(v, steps, write = digits3) {
	const [step, name] = steps.find(([s]) => Math.abs(v) >= s * 0.9995) ?? steps.at(-1);
	return write(v / step) + name;
}

const durations = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];
const binary = [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"], [1, "B"]];

// percentile of a tail: 100 is the 99th.
const percentile = x => x <= 1 ? "least" : x === 2 ? "median" : "p" + +(100 * (1 - 1 / x)).toFixed(4);

// units write values, ticks the positions of an axis.
const units = {
	"B": v => { for (const [step, name] of binary) if (v >= step && (v % step === 0 || v / step >= 1000)) return trimmed(v / step) + (step > 1 ? name : ""); return trimmed(v); },
	"B/s": v => scaled(v, binary) + "/s",
	"ns": v => scaled(v, durations),
	"n": digits3,
	"tail": percentile,
	"×": v => digits3(v) + "×",
	"": v => String(v),
};
const ticks = {
	...units,
	"B/s": v => scaled(v, binary, trimmed) + "/s",
	"ns": v => scaled(v, durations, trimmed),
	"n": trimmed,
	"×": v => trimmed(v) + "×",
};
const write = (unit, v) => v === null || v === undefined ? "–" : (units[unit] ?? units[""])(v);
const range = (unit, lo, hi) => lo === null || hi === null || lo === undefined ? "" : `${write(unit, lo)} to ${write(unit, hi)}`;

const bytes = n => n < 1024 ? n + " B" : units.B(n);

// settingText names a setting in a line, without its place.
function settingText(s) {
	const parts = [s.workload];
	if (s.size) parts.push(bytes(s.size));
	if (s.peers) parts.push(s.peers + " peers");
	if (s.queue && s.queue !== "default") parts.push("queue " + s.queue);
	if (s.options) parts.push(s.options);
	return parts.join(", ");
}
