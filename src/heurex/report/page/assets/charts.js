// Small charts as SVG, each with a text alternative.
const KIND_COLOUR = { exact: "#000000", explanation: "#0072B2", quadrature: "#CC79A7", cubature: "#CC79A7", sampling: "#E69F00", external: "#009E73" };
const LEDGER_COLOUR = { structural: "#E69F00", check: "#009E73", "near-equality": "#56B4E9", fraction: "#0072B2", residual: "#D55E00" };

function svg(width, height, title, draw) {
  const NS = "http://www.w3.org/2000/svg";
  const make = (tag, attributes = {}, text) => {
    const made = document.createElementNS(NS, tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const root = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title, style: `max-width: ${width * 1.05}px` });
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

/** Figure 1: one panel for each explanation, a dot a copy, the model itself in another colour. */
function figureOne(host, figure, clean, truth) {
  const names = Object.keys(figure).filter((name) => figure[name].length);
  const every = names.flatMap((name) => figure[name].flat()).concat(truth);
  const low = Math.max(0, Math.min(...every) - 0.01), high = Math.min(1.005, Math.max(...every) + 0.01);
  host.replaceChildren(...names.map((name) => svg(240, 250, `${name}: estimate against exact accuracy on ${figure[name].length} copies`, (add) => {
    const at = (x) => 40 + 190 * (x - low) / (high - low), up = (y) => 210 - 180 * (y - low) / (high - low);
    add("text", { x: 135, y: 16, "text-anchor": "middle", "font-weight": 600 }, name);
    for (const t of ticks(low, high, 4)) {
      add("line", { x1: at(t), x2: at(t), y1: 30, y2: 210, class: "grid" });
      add("line", { x1: 40, x2: 230, y1: up(t), y2: up(t), class: "grid" });
      add("text", { x: at(t), y: 224, "text-anchor": "middle", class: "quiet" }, t.toFixed(2));
      add("text", { x: 36, y: up(t) + 4, "text-anchor": "end", class: "quiet" }, t.toFixed(2));
    }
    add("line", { x1: at(low), y1: up(low), x2: at(high), y2: up(high), class: "axis" });
    for (const [x, y] of figure[name]) add("circle", { cx: at(x), cy: up(y), r: 2.6, fill: "#3a8fc4", "fill-opacity": 0.8 }, undefined, `exact ${percent(x)}, estimate ${percent(y)}`);
    if (clean[name] !== undefined) add("circle", { cx: at(truth), cy: up(clean[name]), r: 4.5, fill: "#D55E00" }, undefined, "the model itself");
    add("text", { x: 135, y: 243, "text-anchor": "middle" }, "exact accuracy");
  })));
}

/** RMS error against operations, both logarithmic, beside plain sampling's line. */
function frontChart(host, copies) {
  const rows = copies.front.filter((row) => row.ops > 0 && row.rmse > 1e-9);
  if (!rows.length) { host.replaceChildren(element("p", { class: "quiet", text: "No operations were counted for models of this size." })); return; }
  const W = 900, H = 430, logs = (key) => rows.map((row) => Math.log10(row[key]));
  const x0 = Math.floor(Math.min(...logs("ops"))), x1 = Math.ceil(Math.max(...logs("ops")));
  const y0 = Math.floor(Math.min(...logs("rmse"))), y1 = Math.ceil(Math.max(...logs("rmse")));
  const at = (x) => 70 + (W - 115) * (Math.log10(x) - x0) / (x1 - x0), up = (y) => H - 45 - (H - 65) * (Math.log10(y) - y0) / Math.max(1, y1 - y0);
  host.replaceChildren(svg(W, H, "RMS error against counted operations; the table below has the numbers", (add) => {
    for (let k = x0; k <= x1; k++) { add("line", { x1: at(10 ** k), x2: at(10 ** k), y1: 20, y2: H - 45, class: "grid" }); add("text", { x: at(10 ** k), y: H - 28, "text-anchor": "middle", class: "quiet" }, (10 ** k).toLocaleString("en")); }
    for (let k = y0; k <= y1; k++) { add("line", { x1: 70, x2: W - 20, y1: up(10 ** k), y2: up(10 ** k), class: "grid" }); add("text", { x: 64, y: up(10 ** k) + 4, "text-anchor": "end", class: "quiet" }, `${+(100 * 10 ** k).toPrecision(3)}%`); }
    const line = [];
    for (let k = 0; k <= 60; k++) { const ops = 10 ** (x0 + (x1 - x0) * k / 60), e = copies.spread * Math.sqrt(copies.sample_ops / ops); if (e >= 10 ** y0 && e <= 10 ** y1) line.push(`${at(ops)},${up(e)}`); }
    add("polyline", { points: line.join(" "), fill: "none", class: "axis", "stroke-width": 1.5 });
    for (const one of copies.guesses) if (one.rmse > 10 ** y0 && one.rmse < 10 ** y1) { add("line", { x1: 70, x2: W - 20, y1: up(one.rmse), y2: up(one.rmse), stroke: "#CC79A7", "stroke-dasharray": "3 4" }); add("text", { x: 76, y: up(one.rmse) + (one.guess === "clean accuracy" ? -5 : 13), class: "quiet" }, `guess: ${one.guess}`); }
    const taken = [];
    for (const row of [...rows].sort((a, b) => a.ops - b.ops)) {
      const x = at(row.ops), y = up(row.rmse), text = row.label.replace("?", " ").replace("samples=", "").replace("directions=", ""), wide = 6.2 * text.length, right = x + wide + 10 < W;
      add("circle", { cx: x, cy: y, r: 5, fill: KIND_COLOUR[row.kind] || UNKNOWN, stroke: "var(--fg)", "stroke-width": row.on_front ? 1.8 : 0.4 }, undefined, `${row.label}: RMS error ${percent(row.rmse)}, ${whole(row.ops)} operations`);
      const fits = (shift) => taken.every(([l, r, v]) => Math.abs(v - (y + shift)) > 12 || (right ? x + 8 > r || x + 8 + wide < l : x - 8 < l || x - 8 - wide > r));
      const shift = [4, -8, 16, -20, 28, -32].find(fits) ?? 4;
      taken.push(right ? [x + 8, x + 8 + wide, y + shift] : [x - 8 - wide, x - 8, y + shift]);
      add("text", { x: right ? x + 9 : x - 9, y: y + shift, "text-anchor": right ? "start" : "end" }, text);
    }
    add("text", { x: W / 2, y: H - 8, "text-anchor": "middle" }, "operations of a model (weighted count); line: plain sampling; ringed: nothing without sampling is better and cheaper");
    add("text", { x: 14, y: H / 2, "text-anchor": "middle", transform: `rotate(-90 14 ${H / 2})` }, "RMS error");
  }));
}

/** Horizontal bars of signed numbers. */
function barChart(host, title, rows) {
  const most = Math.max(...rows.map((row) => Math.abs(row.value)), 1e-12), H = 22 * rows.length + 10;
  host.replaceChildren(svg(620, H, title, (add) => {
    const mid = 445;
    rows.forEach((row, i) => {
      const wide = 95 * Math.abs(row.value) / most, y = 8 + 22 * i;
      add("text", { x: 275, y: y + 12, "text-anchor": "end" }, row.name.length > 46 ? `${row.name.slice(0, 45)}…` : row.name, row.name);
      add("rect", { x: row.value < 0 ? mid - wide : mid, y, width: Math.max(wide, 0.5), height: 15, fill: row.value < 0 ? "#56B4E9" : "#D55E00" });
      add("text", { x: row.value < 0 ? mid - wide - 4 : mid + wide + 4, y: y + 12, "text-anchor": row.value < 0 ? "end" : "start", class: "quiet" }, signed(row.value));
    });
    add("line", { x1: mid, x2: mid, y1: 2, y2: H - 4, class: "axis" });
  }));
}

/** Bits by kind as one stacked bar, beside what the total is to be compared with. */
function ledgerChart(host, ledger) {
  const kinds = Object.keys(LEDGER_COLOUR), sum = (kind) => ledger.entries.filter((e) => e.kind === kind).reduce((s, e) => s + e.bits, 0);
  const bars = [["this explanation", kinds.map((kind) => [kind, sum(kind)])], ["no explanation", [["residual", ledger.baselines.no_explanation_bits]]]];
  for (const one of ledger.baselines.selection_bits || []) bars.push([`selection, ${one.prior}`, [["selection", one.bits]]]);
  const most = Math.max(...bars.map(([, parts]) => parts.reduce((s, p) => s + p[1], 0)), 1e-9), H = 46 * bars.length + 46;
  host.replaceChildren(svg(560, H, `bits: explanation ${ledger.explanation_bits.toFixed(1)}, residual ${ledger.residual_bits.toFixed(1)}`, (add) => {
    bars.forEach(([name, parts], i) => {
      let x = 10;
      add("text", { x, y: 46 * i + 14 }, name.length > 80 ? `${name.slice(0, 79)}…` : name, name);
      const total = parts.reduce((s, p) => s + p[1], 0);
      for (const [kind, bits] of parts) { const w = 470 * bits / most; add("rect", { x, y: 46 * i + 20, width: w, height: 18, fill: LEDGER_COLOUR[kind] || UNKNOWN }, undefined, `${kind}: ${bits.toFixed(1)} bits`); x += w; }
      add("text", { x: x + 6, y: 46 * i + 34, class: "quiet" }, total.toFixed(1));
    });
    kinds.forEach((kind, i) => { add("rect", { x: 10 + 108 * i, y: H - 24, width: 11, height: 11, fill: LEDGER_COLOUR[kind] }); add("text", { x: 25 + 108 * i, y: H - 14, class: "quiet", "font-size": 11 }, kind); });
  }));
}

/** Bits against the width to which the estimate is stated. */
function ledgerCurve(host, ledger) {
  const { resolution, explanation, residual } = ledger.curve, W = 560, H = 300;
  const total = resolution.map((_, i) => explanation[i] + residual[i]);
  const top = Math.min(Math.max(...total), 3 * Math.max(ledger.total_bits, 1)) * 1.05;
  const a = Math.log10(Math.max(...resolution)), b = Math.log10(Math.min(...resolution));
  const at = (r) => 50 + (W - 70) * (Math.log10(r) - a) / (b - a), up = (bits) => H - 45 - (H - 60) * bits / top;
  host.replaceChildren(svg(W, H, `bits against the width to which the estimate is stated; cheapest at ${short(ledger.resolution)}`, (add) => {
    for (const t of ticks(0, top, 5)) { add("line", { x1: 50, x2: W - 20, y1: up(t), y2: up(t), class: "grid" }); add("text", { x: 45, y: up(t) + 4, "text-anchor": "end", class: "quiet" }, `${+t.toPrecision(3)}`); }
    for (let k = Math.ceil(b); k <= Math.floor(a); k++) add("text", { x: at(10 ** k), y: H - 28, "text-anchor": "middle", class: "quiet" }, `${+(10 ** k).toPrecision(1)}`);
    const curve = (bits, colour, name, row) => {
      const points = bits.map((v, i) => [at(resolution[i]), up(v)]).filter(([, y]) => y > 5);
      add("polyline", { points: points.join(" "), fill: "none", stroke: colour, "stroke-width": 2 });
      add("text", { x: 70 + 110 * row, y: 12, style: `fill:${colour}` }, name);
    };
    curve(explanation, LEDGER_COLOUR.fraction, "explanation", 0);
    curve(residual, LEDGER_COLOUR.residual, "residual", 1);
    curve(total, "var(--fg)", "total, bits", 2);
    add("line", { x1: at(ledger.resolution), x2: at(ledger.resolution), y1: 18, y2: H - 45, class: "axis", "stroke-dasharray": "2 3" });
    add("text", { x: W / 2, y: H - 8, "text-anchor": "middle" }, "width to which the estimate is stated");
  }));
}

/** The weights as tables of coloured cells. */
function heatMaps(host, weights, n) {
  const d = weights.w_hi.length, size = d > 8 ? 38 : 54, W = size * (1 + d + n) + 190, H = size * d + 60;
  const most = (m) => Math.max(...m.flat().map(Math.abs), 1e-12);
  host.replaceChildren(svg(W, H, `weights of ${d} neurons in canonical order (${weights.order.join(", ")})`, (add) => {
    const map = (name, m, x, rows, columns) => {
      const top = most(m);
      add("text", { x: x + size * m[0].length / 2, y: 14, "text-anchor": "middle", "font-weight": 600 }, name);
      m.forEach((row, i) => row.forEach((w, j) => {
        const share = Math.abs(w) / top, colour = w < 0 ? "#0072B2" : "#D55E00";
        add("rect", { x: x + size * j, y: 38 + size * i, width: size - 1, height: size - 1, fill: colour, "fill-opacity": 0.08 + 0.85 * share }, undefined, `${name}[${i}, ${j}] = ${w}`);
        add("text", { x: x + size * (j + 0.5), y: 38 + size * (i + 0.5) + 4, "text-anchor": "middle", "font-size": d > 8 ? 9 : 12, style: share > 0.6 ? "fill:#fff" : "" }, w.toFixed(2).replace("-", "−"));
      }));
      rows.forEach((text, i) => add("text", { x: x - 6, y: 38 + size * (i + 0.5) + 4, "text-anchor": "end", class: "quiet" }, text));
      columns.forEach((text, j) => add("text", { x: x + size * (j + 0.5), y: 33, "text-anchor": "middle", class: "quiet" }, text));
    };
    const neurons = weights.order.map((i) => `h${i}`);
    map("w_hi", weights.w_hi.map((w) => [w]), 40, neurons, ["x"]);
    map("w_hh", weights.w_hh, 40 + size + 60, neurons, neurons);
    map("w_oh transposed", weights.w_hi.map((_, j) => weights.w_oh.map((row) => row[j])), 40 + size * (1 + d) + 120, neurons, weights.w_oh.map((_, i) => `l${i}`));
  }));
}
