// Small charts as SVG, each with a text alternative, drawn for the width that there is.
const KIND_COLOUR = { exact: "var(--fg)", explanation: "#0072B2", quadrature: "#CC79A7", cubature: "#CC79A7", sampling: "#E69F00", external: "#009E73" };
const LEDGER_COLOUR = { structural: "#E69F00", check: "#009E73", "near-equality": "#56B4E9", fraction: "#0072B2", residual: "#D55E00", selection: UNKNOWN };
const ruler = document.createElement("canvas").getContext("2d");
ruler.font = '12px system-ui, "DejaVu Sans", sans-serif';
const wide = (text) => ruler.measureText(text).width;
/** A text cut to a width. */
const cut = (text, room) => { let k = text.length; while (k > 1 && wide(text.slice(0, k)) > room) k--; return k < text.length ? `${text.slice(0, k - 1)}…` : text; };

/** Charts by the element that holds them: drawn now, and again when the width changes. */
const charts = new Map();
function chart(host, make) { charts.set(host, { make, width: -1 }); fit(host); }
function fit(host) {
  const one = charts.get(host), width = host.clientWidth || 620;
  if (width === one.width) return;
  one.width = width;
  host.replaceChildren(...[one.make(width)].flat());
}
const refit = () => { for (const host of charts.keys()) fit(host); };
const clamp = (x, low, high) => Math.max(low, Math.min(high, x));

function svg(width, height, title, draw) {
  const NS = "http://www.w3.org/2000/svg";
  const make = (tag, attributes = {}, text) => {
    const made = document.createElementNS(NS, tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const root = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title, style: `max-width: ${width}px` });
  const add = (tag, attributes, text, tip) => {
    const made = make(tag, attributes, text);
    if (tip) made.append(make("title", {}, tip));
    root.append(made);
    return made;
  };
  draw(add);
  return root;
}

function ticks(low, high, count) {
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((k) => k * power).find((s) => s >= raw);
  const out = [];
  for (let x = Math.ceil(low / step - 1e-9) * step; x <= high + 1e-9 * step; x += step) out.push(x);
  return out;
}

/** What the colours of a chart mean. */
const key = (entries) => element("ul", { class: "legend" }, ...entries.map(([colour, text]) => element("li", {}, element("i", { style: `background: ${colour}` }), text)));

/** Figure 1: one panel for each explanation, a dot a copy, the model itself in another colour. */
function figureOne(host, figure, clean, truth, rmse) {
  const names = Object.keys(figure).filter((name) => figure[name].length);
  const every = names.flatMap((name) => figure[name].flat()).concat(truth);
  const low = Math.max(0, Math.min(...every) - 0.01), high = Math.min(1.005, Math.max(...every) + 0.01);
  const digits = high - low < 0.05 ? 3 : 2;
  chart(host, (width) => names.map((name) => {
    const side = width < 480 ? Math.max(150, (width - 16) / 2) : 240, left = 46, right = side - 16, top = 42, foot = top + right - left;
    return svg(side, foot + 36, `${name}: estimate against exact accuracy on ${figure[name].length} copies, RMS error ${percent(rmse[name])}`, (add) => {
      const at = (x) => left + (right - left) * (x - low) / (high - low), up = (y) => foot - (foot - top) * (y - low) / (high - low);
      add("text", { x: (left + right) / 2, y: 16, "text-anchor": "middle", "font-weight": 600 }, name);
      add("text", { x: (left + right) / 2, y: 32, "text-anchor": "middle", class: "quiet" }, `RMS error ${percent(rmse[name], 2)}`);
      for (const t of ticks(low, high, side < 200 ? 3 : 4)) {
        add("line", { x1: at(t), x2: at(t), y1: top, y2: foot, class: "grid" });
        add("line", { x1: left, x2: right, y1: up(t), y2: up(t), class: "grid" });
        add("text", { x: at(t), y: foot + 14, "text-anchor": "middle", class: "quiet" }, t.toFixed(digits));
        add("text", { x: left - 4, y: up(t) + 4, "text-anchor": "end", class: "quiet" }, t.toFixed(digits));
      }
      add("line", { x1: at(low), y1: up(low), x2: at(high), y2: up(high), class: "axis" });
      for (const [x, y] of figure[name]) add("circle", { cx: at(x), cy: up(y), r: 2.6, class: "dot" }, undefined, `exact ${percent(x)}, estimate ${percent(y)}`);
      if (clean[name] !== undefined) add("circle", { cx: at(truth), cy: up(clean[name]), r: 4.5, fill: "#D55E00" }, undefined, "the model itself");
      add("text", { x: (left + right) / 2, y: foot + 31, "text-anchor": "middle" }, "exact accuracy");
      add("text", { x: 11, y: (top + foot) / 2, "text-anchor": "middle", transform: `rotate(-90 11 ${(top + foot) / 2})` }, "estimate");
    });
  }));
}

/** How much a box [left, right, top, bottom] covers of others, each with its weight. */
const covered = (box, taken) => taken.reduce((sum, [l, r, t, b, weight]) => sum + (weight || 1) * Math.max(0, Math.min(box[1], r) - Math.max(box[0], l)) * Math.max(0, Math.min(box[3], b) - Math.max(box[2], t)), 0);

/** Where the name of a point goes: the place that covers least of what is drawn already. */
function placed(x, y, text, taken, frame) {
  const size = wide(text);
  const places = [[9, 4, 0], [-9, 4, 1], [0, -11, 0.5], [0, 19, 0.5], [8, -8, 0], [8, 17, 0], [-8, -8, 1], [-8, 17, 1], [9, -20, 0], [9, 28, 0], [-9, -20, 1], [-9, 28, 1], [0, -26, 0.5], [0, 34, 0.5]];
  let best = null;
  places.forEach(([dx, dy, back], rank) => {
    const box = [x + dx - back * size, x + dx + (1 - back) * size, y + dy - 10, y + dy + 3];
    let cost = rank + covered(box, taken);
    if (box[0] < frame[0] || box[1] > frame[1] || box[2] < frame[2] || box[3] > frame[3]) cost += 1e6;
    if (!best || cost < best.cost) best = { cost, box, x: x + dx, y: y + dy, anchor: ["start", "middle", "end"][2 * back] };
  });
  return best;
}

const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const power = (k) => `10${k < 0 ? "⁻" : ""}${[...String(Math.abs(k))].map((c) => SUPERSCRIPT[c]).join("")}`;

/** RMS error against operations, both logarithmic, beside plain sampling's line. */
function frontChart(host, copies) {
  const rows = copies.front.filter((row) => row.ops > 0 && row.rmse > 1e-9);
  const exactly = copies.front.filter((row) => row.ops > 0 && row.rmse !== null && row.rmse <= 1e-9).map((row) => row.label);
  const note = element("p", { class: "quiet", text: exactly.length ? `Not drawn, for on a logarithmic scale there is no zero: ${exactly.join(", ")} (RMS error below 1e-9).` : "" });
  if (!rows.length) { host.replaceChildren(element("p", { class: "quiet", text: "No operations were counted for models of this size." })); return; }
  const kinds = key([...new Set(rows.map((row) => row.kind))].map((kind) => [KIND_COLOUR[kind] || UNKNOWN, kind]));
  chart(host, (width) => [frontDrawing(rows, copies, clamp(width, 300, 900)), kinds, note]);
}

function frontDrawing(rows, copies, W) {
  const H = W < 500 ? 380 : 430, foot = H - 48, left = 62, edge = W - 16, logs = (name) => rows.map((row) => Math.log10(row[name]));
  const x0 = Math.floor(Math.min(...logs("ops"))), x1 = Math.ceil(Math.max(...logs("ops")));
  const y0 = Math.floor(Math.min(...logs("rmse"))), y1 = Math.max(y0 + 1, Math.ceil(Math.max(...logs("rmse"))));
  const at = (x) => left + (edge - left) * (Math.log10(x) - x0) / Math.max(1, x1 - x0), up = (y) => foot - (foot - 14) * (Math.log10(y) - y0) / (y1 - y0);
  return svg(W, H, "RMS error against counted operations; the table below has the numbers", (add) => {
    for (let k = x0; k <= x1; k++) { add("line", { x1: at(10 ** k), x2: at(10 ** k), y1: 14, y2: foot, class: "grid" }); add("text", { x: at(10 ** k), y: foot + 16, "text-anchor": k === x1 ? "end" : "middle", class: "quiet" }, W < 500 ? power(k) : (10 ** k).toLocaleString("en")); }
    for (let k = y0; k <= y1; k++) { add("line", { x1: left, x2: edge, y1: up(10 ** k), y2: up(10 ** k), class: "grid" }); add("text", { x: left - 6, y: up(10 ** k) + 4, "text-anchor": "end", class: "quiet" }, `${+(100 * 10 ** k).toPrecision(3)}%`); }
    const line = [], taken = rows.map((row) => [at(row.ops) - 7, at(row.ops) + 7, up(row.rmse) - 7, up(row.rmse) + 7, 3]);
    for (let k = 0; k <= 120; k++) { const ops = 10 ** (x0 + (x1 - x0) * k / 120), e = copies.spread * Math.sqrt(copies.sample_ops / ops); if (e >= 10 ** y0 && e <= 10 ** y1) line.push([at(ops), up(e)]); }
    add("polyline", { points: line.map((p) => p.join(",")).join(" "), fill: "none", class: "axis", "stroke-width": 1.5 });
    for (const [x, y] of line) taken.push([x - 4, x + 4, y - 3, y + 3, 0.3]);
    for (const one of copies.guesses) if (one.rmse > 10 ** y0 && one.rmse < 10 ** y1) {
      const y = up(one.rmse), text = `guess: ${one.guess}`, size = wide(text);
      const boxes = [true, false].flatMap((right) => [-5, 13].map((dy) => [right ? edge - 4 - size : left + 6, right ? edge - 4 : left + 6 + size, y + dy - 10, y + dy + 3]));
      const box = boxes.reduce((best, other) => (covered(other, taken) < covered(best, taken) ? other : best));
      add("line", { x1: left, x2: edge, y1: y, y2: y, stroke: "#CC79A7", "stroke-dasharray": "3 4" });
      add("text", { x: box[0], y: box[3] - 3, class: "quiet over" }, text);
      taken.push([...box, 2], [left, edge, y - 1, y + 1, 0.2]);
    }
    for (const row of [...rows].sort((a, b) => a.ops - b.ops)) {
      const x = at(row.ops), y = up(row.rmse), text = row.label.replace("?", " ").replace("samples=", "").replace("directions=", "");
      add("circle", { cx: x, cy: y, r: 5, fill: KIND_COLOUR[row.kind] || UNKNOWN, stroke: "var(--fg)", "stroke-width": row.on_front ? 2 : 0.5 }, undefined, `${row.label}: RMS error ${percent(row.rmse)}, ${whole(row.ops)} operations`);
      const where = placed(x, y, text, taken, [left, W, 4, foot]);
      taken.push([...where.box, 2]);
      if (Math.abs(where.y - y) > 18) add("line", { x1: x, y1: y + Math.sign(where.y - y) * 6, x2: x, y2: where.y + (where.y < y ? 3 : -10), class: "axis", "stroke-width": 0.7 });
      add("text", { x: where.x, y: where.y, "text-anchor": where.anchor, class: "over" }, text);
    }
    add("text", { x: (left + edge) / 2, y: foot + 34, "text-anchor": "middle" }, "operations for one model (square roots and arctangents count 10)".slice(0, W < 500 ? 24 : 99));
    add("text", { x: 12, y: foot / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${foot / 2})` }, "RMS error");
  });
}

/** Horizontal bars of signed numbers. */
function barChart(host, title, rows) {
  const most = Math.max(...rows.map((row) => Math.abs(row.value)), 1e-12), H = 22 * rows.length + 10;
  const left = rows.some((row) => row.value < 0) ? 1 : 0, right = rows.some((row) => row.value > 0) || !left ? 1 : 0;
  chart(host, (width) => {
    const W = clamp(width, 300, 620), digits = 58;
    const column = Math.min(Math.max(...rows.map((row) => wide(row.name))) + 1, 0.55 * W), from = column + 10;
    const room = (W - from - 4 - digits * (left + right)) / (left + right), mid = from + left * (room + digits);
    return svg(W, H, title, (add) => {
      rows.forEach((row, i) => {
        const long = room * Math.abs(row.value) / most, y = 8 + 22 * i, minus = row.value < 0;
        add("text", { x: from - 6, y: y + 12, "text-anchor": "end" }, cut(row.name, column), row.name);
        add("rect", { class: "beam", x: minus ? mid - long : mid, y, width: Math.max(long, 0.5), height: 15, fill: minus ? "#56B4E9" : "#D55E00" });
        add("text", { x: minus ? mid - long - 4 : mid + long + 4, y: y + 12, "text-anchor": minus ? "end" : "start", class: "quiet" }, signed(row.value));
      });
      add("line", { x1: mid, x2: mid, y1: 2, y2: H - 4, class: "axis" });
    });
  });
}

/** Bits by kind as one stacked bar, beside what the total is to be compared with. */
function ledgerChart(host, ledger) {
  const sum = (kind) => ledger.entries.filter((e) => e.kind === kind).reduce((s, e) => s + e.bits, 0);
  const kinds = Object.keys(LEDGER_COLOUR).filter((kind) => sum(kind) > 0);
  const bars = [["this explanation", kinds.map((kind) => [kind, sum(kind)])], ["no explanation", [["residual", ledger.baselines.no_explanation_bits]]]];
  for (const one of ledger.baselines.selection_bits || []) bars.push([`selection, ${one.prior}`, [["selection", one.bits]]]);
  if (bars.length > 2) kinds.push("selection");
  const most = Math.max(...bars.map(([, parts]) => parts.reduce((s, p) => s + p[1], 0)), 1e-9);
  chart(host, (width) => {
    const W = clamp(width, 300, 560);
    const bits = svg(W, 46 * bars.length, `bits: explanation ${ledger.explanation_bits.toFixed(1)}, residual ${ledger.residual_bits.toFixed(1)}, no explanation ${ledger.baselines.no_explanation_bits.toFixed(1)}`, (add) => {
      bars.forEach(([name, parts], i) => {
        let x = 4;
        add("text", { x, y: 46 * i + 14 }, cut(name, W - 10), name);
        const total = parts.reduce((s, p) => s + p[1], 0);
        for (const [kind, bits] of parts) { const w = (W - 60) * bits / most; add("rect", { class: "beam", x, y: 46 * i + 20, width: w, height: 18, fill: LEDGER_COLOUR[kind] || UNKNOWN }, undefined, `${kind}: ${bits.toFixed(1)} bits`); x += w; }
        add("text", { x: x + 6, y: 46 * i + 34, class: "quiet" }, total.toFixed(1));
      });
    });
    return [bits, key(kinds.map((kind) => [LEDGER_COLOUR[kind], kind]))];
  });
}

/** Bits against the width to which the estimate is stated. */
function ledgerCurve(host, ledger) {
  const { resolution, explanation, residual } = ledger.curve, H = 310;
  const total = resolution.map((_, i) => explanation[i] + residual[i]);
  const top = Math.min(Math.max(...total), 3 * Math.max(ledger.total_bits, 1)) * 1.05;
  const a = Math.log10(Math.max(...resolution)), b = Math.log10(Math.min(...resolution));
  chart(host, (width) => {
    const W = clamp(width, 300, 560);
    const at = (r) => 52 + (W - 74) * (Math.log10(r) - a) / (b - a), up = (bits) => H - 48 - (H - 60) * bits / top;
    const curves = svg(W, H, `bits against the width to which the estimate is stated; cheapest at ${short(ledger.resolution)}`, (add) => {
      for (const t of ticks(0, top, 5)) { add("line", { x1: 52, x2: W - 22, y1: up(t), y2: up(t), class: "grid" }); add("text", { x: 46, y: up(t) + 4, "text-anchor": "end", class: "quiet" }, `${+t.toPrecision(3)}`); }
      for (let k = Math.ceil(b); k <= Math.floor(a); k++) add("text", { x: at(10 ** k), y: H - 31, "text-anchor": "middle", class: "quiet" }, `${+(10 ** k).toPrecision(1)}`);
      const curve = (bits, colour) => {
        const points = bits.map((v, i) => [at(resolution[i]), up(v)]).filter(([, y]) => y > 8);
        add("polyline", { points: points.join(" "), fill: "none", stroke: colour, "stroke-width": 2 });
      };
      curve(explanation, LEDGER_COLOUR.fraction);
      curve(residual, LEDGER_COLOUR.residual);
      curve(total, "var(--fg)");
      add("line", { x1: at(ledger.resolution), x2: at(ledger.resolution), y1: 10, y2: H - 48, class: "axis", "stroke-dasharray": "2 3" });
      add("text", { x: (52 + W - 22) / 2, y: H - 10, "text-anchor": "middle" }, "width to which the estimate is stated");
      add("text", { x: 12, y: (H - 30) / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${(H - 30) / 2})` }, "bits");
    });
    return [curves, key([[LEDGER_COLOUR.fraction, "explanation"], [LEDGER_COLOUR.residual, "residual"], ["var(--fg)", "total"]])];
  });
}

/** Relative luminance of a colour (WCAG), and whether black or white stands out more on it. */
const luminance = (rgb) => { const [r, g, b] = rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const readable = (rgb) => (luminance(rgb) > 0.179 ? "#000" : "#fff");
const weight = (w) => w.toFixed(Math.abs(w) < 99.995 ? 2 : Math.abs(w) < 999.95 ? 1 : 0).replace("-", "−");

/** The weights as tables of coloured cells. */
function heatMaps(host, weights, n) {
  const d = weights.w_hi.length, size = d > 8 ? 40 : 54, W = size * (1 + d + n) + 136, H = size * d + 44;
  const most = (m) => Math.max(...m.flat().map(Math.abs), 1e-12);
  const drawing = svg(W, H, `weights of ${d} neurons in canonical order (${weights.order.join(", ")})`, (add) => {
    const map = (name, m, x, rows, columns) => {
      const top = most(m);
      add("text", { x: x + size * m[0].length / 2, y: 14, "text-anchor": "middle", "font-weight": 600 }, name);
      m.forEach((row, i) => row.forEach((w, j) => {
        const colour = tint(w / top);
        add("rect", { x: x + size * j, y: 38 + size * i, width: size - 1, height: size - 1, fill: `rgb(${colour})` }, undefined, `${name}[${i}, ${j}] = ${w}`);
        add("text", { x: x + size * (j + 0.5), y: 38 + size * (i + 0.5) + 4, "text-anchor": "middle", "font-size": d > 8 ? 9 : 12, style: `fill:${readable(colour)}` }, weight(w));
      }));
      rows.forEach((text, i) => add("text", { x: x - 6, y: 38 + size * (i + 0.5) + 4, "text-anchor": "end", class: "quiet" }, text));
      columns.forEach((text, j) => add("text", { x: x + size * (j + 0.5), y: 33, "text-anchor": "middle", class: "quiet" }, text));
    };
    const neurons = weights.order.map((i) => `h${i}`);
    map("w_hi", weights.w_hi.map((w) => [w]), 30, neurons, ["x"]);
    map("w_hh", weights.w_hh, 30 + size + 50, neurons, neurons);
    map("w_oh transposed", weights.w_hi.map((_, j) => weights.w_oh.map((row) => row[j])), 30 + size * (1 + d) + 100, neurons, weights.w_oh.map((_, i) => `l${i}`));
  });
  drawing.style.minWidth = `${Math.min(W, Math.max(300, 0.65 * W))}px`;
  host.replaceChildren(drawing);
}
