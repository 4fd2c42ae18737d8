// The page: state, what is coloured how, events.
const data = JSON.parse(document.getElementById("data").textContent);
const n = data.model.n, $ = (id) => document.getElementById(id);
const HOME = n === 3 ? facing([1.2, -0.5, 0.75]) : [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
const view = { turn: HOME, zoom: 1, lambert: true };
const corners = (v) => v.map((i) => data.vertices[i]);
data.truth.forEach((one, i) => { one.corners = corners(one.v); one.number = i; one.id = `cell-${i}`; });
for (const one of data.explanations) {
  for (const part of [...one.parts, ...one.wrong]) part.corners = corners(part.v);
  one.cells.forEach((cell, i) => { cell.number = i; cell.id = `said-${i}`; cell.error = cell.claimed - cell.true; for (const piece of cell.outline) piece.corners = corners(piece.v); });
}
const globes = { model: new Globe($("globe-model"), view, n), said: new Globe($("globe-said"), view, n) };
let said = data.explanations[0] || null, focus = null, waiting = false;
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const middle = (points) => unit(points.reduce((s, p) => s.map((x, i) => x + p[i])));
const label = (part) => data.orderings[part.o].label;
const isRight = (part) => part.a === label(part);

const patterns = [...new Set(data.truth.map((part) => part.p))].sort();
const patternColour = new Map(patterns.map((p, i) => [p, `hsl(${Math.round(i * 137.508) % 360} ${45 + 12 * (i % 3)}% ${50 + 9 * ((i >> 1) % 3)}%)`]));
function ramp(t) { // blue - grey - vermilion for -1 .. 1
  const [a, b] = t < 0 ? [[225, 227, 230], [0, 114, 178]] : [[225, 227, 230], [213, 94, 0]];
  return `rgb(${mix(a, b, Math.min(1, Math.abs(t))).map(Math.round)})`;
}

function modelColour(part) {
  const mode = $("model-mode").value;
  return mode === "answer" ? ANSWERS[part.a] : mode === "right" ? (isRight(part) ? RIGHT : WRONG) : patternColour.get(part.p);
}
function saidColour(part) {
  const mode = $("said-mode").value, cell = said.cells[part.c];
  if (mode === "answer") return part.a === null ? UNKNOWN : ANSWERS[part.a];
  if (mode === "claimed") return `rgb(${mix([213, 94, 0], [143, 184, 212], Math.max(0, Math.min(1, cell.claimed / cell.f))).map(Math.round)})`;
  return ramp(cell.error / Math.max(1e-12, ...said.cells.map((c) => Math.abs(c.error))));
}

/** Great circles on which two inputs are equal, and the names of the orderings between them. */
function circles(ink) {
  const out = [];
  if (n === 2) return [[1, 1], [-1, -1]].map((a) => ({ points: [unit(a)], colour: ink, width: 2, dash: [5, 4] }));
  for (const [i, j, k] of [[0, 1, 2], [0, 2, 1], [1, 2, 0]]) {
    const a = [0, 0, 0], b = [0, 0, 0];
    a[i] = a[j] = Math.SQRT1_2; b[k] = 1;
    out.push({ points: [...Array(48)].map((_, s) => { const t = s * Math.PI / 24; return a.map((x, q) => x * Math.cos(t) + b[q] * Math.sin(t)); }), closed: true, colour: ink, width: 1.6, dash: [6, 4] });
  }
  return out;
}
function orderingNames() {
  return data.orderings.map((one) => {
    const order = one.name.match(/\d/g).map(Number), at = Array(n).fill(0);
    order.forEach((i, place) => { at[i] = (n - 1) / 2 - place; });
    return { at: unit(at), text: one.name };
  });
}

function sceneOf(which) {
  const ink = css("--fg"), scene = { edge: css("--edge"), ink, halo: css("--halo"), fills: [], lines: [], marks: [], bubbles: [], names: [], focus: null };
  const here = which === "model" ? data.truth : said.parts, colour = which === "model" ? modelColour : saidColour;
  scene.fills = here.map((part) => ({ corners: part.corners, colour: colour(part) }));
  if (which === "said" || $("outlines").checked) for (const cell of said ? said.cells : []) for (const piece of cell.outline) {
    const width = which === "said" ? 1.3 : 2;
    if (n === 2) scene.lines.push({ points: piece.corners, colour: ink, width });
    else piece.corners.forEach((a, i) => { if (!piece.inner.includes(i)) scene.lines.push({ points: [a, piece.corners[(i + 1) % piece.corners.length]], colour: ink, width }); });
  }
  // coloured by right and wrong, the model's own errors stay visible
  if (said && $("wrong").checked && !(which === "model" && $("model-mode").value === "right")) scene.marks = said.wrong.map((part) => ({ corners: part.corners, colour: "#d0267e" }));
  if ($("bubbles").checked) {
    const list = which === "model" ? data.truth.filter((part) => !isRight(part)).map((part) => ({ at: middle(part.corners), f: part.f, colour: WRONG }))
      : said.answers ? said.wrong.map((part) => ({ at: middle(part.corners), f: part.f, colour: "#d0267e" }))
        : said.cells.map((cell) => ({ at: middle(cell.outline[0].corners), f: Math.abs(cell.error), colour: cell.error < 0 ? "#56B4E9" : WRONG }));
    scene.bubbles = list.filter((one) => one.f > 1e-9);
  }
  if ($("circles").checked) { scene.lines.push(...circles(ink)); scene.names = orderingNames(); }
  if (focus) scene.focus = focus;
  return scene;
}

function draw() {
  waiting = false;
  globes.model.draw(sceneOf("model"));
  if (said) globes.said.draw(sceneOf("said"));
}
const redraw = () => { if (!waiting) { waiting = true; requestAnimationFrame(draw); } };

function legends() {
  const item = (colour, text) => { const i = element("i"); i.style.background = colour; return element("li", {}, i, text); };
  const answers = () => ANSWERS.slice(0, n).map((c, i) => item(c, `answers ${i}`)), mode = $("model-mode").value;
  $("legend-model").replaceChildren(...(mode === "answer" ? answers() : mode === "right" ? [item(RIGHT, "right"), item(WRONG, "wrong")] : [element("li", { text: `${patterns.length} activation patterns, a colour each` })]),
    ...(said && mode !== "right" && $("wrong").checked && said.answers ? [item("#d0267e", "the explanation's likeliest answer differs")] : []));
  if (!said) return;
  const other = $("said-mode").value;
  $("legend-said").replaceChildren(...(other === "answer" ? (said.answers ? answers() : []).concat(said.parts.some((p) => p.a === null) ? [item(UNKNOWN, "names no answer")] : [])
    : other === "claimed" ? [item("rgb(213,94,0)", "0% right"), item("rgb(143,184,212)", "100% right")]
      : [item(ramp(-1), "claims too little"), item(ramp(1), "claims too much")]));
  const wrong = said.wrong.reduce((s, part) => s + part.f, 0);
  $("globe-model").setAttribute("aria-label", `The model's ${data.truth.length} cells; it is wrong on ${percent(1 - data.exact.value)} of directions`);
  $("globe-said").setAttribute("aria-label", `${said.label}: ${said.cells.length} cells; ${said.answers ? `its likeliest answer differs from the model's on ${percent(wrong)} of directions` : "it names no answers"}`);
}

/** What is in a direction: part of the model and part of the explanation, as {part, said, margin}. */
function at(x) {
  const true_ = pick(data.truth, x), out = { part: data.truth[true_.index], margin: true_.margin, said: null };
  if (said) { const theirs = pick(said.parts, x); out.said = said.parts[theirs.index]; out.margin = Math.min(out.margin, theirs.margin); }
  return out;
}

function describe(part, theirs) {
  const rows = [["The model", null], ["ordering", data.orderings[part.o].name], ["neurons on, step by step", part.p], ["share of directions", percent(part.f, 4)],
    ["right answer", label(part)], ["model's answer", `${part.a} (${isRight(part) ? "right" : "wrong"})`], ["adds to the model's error", percent(isRight(part) ? 0 : part.f, 4)]];
  if (theirs) {
    const cell = said.cells[theirs.c];
    rows.push([said.label, null], ["cell", cell.name], ["share of directions", percent(cell.f, 4)], ["label", cell.label],
      ["likeliest answer", theirs.a === null ? (cell.likely ? "names none" : "passed over as unlikely") : theirs.a],
      ["claims right, truly right", `${percent(cell.claimed, 4)}, ${percent(cell.true, 4)}`], ["adds to the estimate's error", signed(cell.error, 4)]);
  }
  $("info").replaceChildren(...rows.flatMap(([name, value]) => (value === null ? [element("dt", { class: "head", text: name })] : [element("dt", { text: name }), element("dd", { text: value })])));
}

function mark(id) {
  document.querySelectorAll("tr.on").forEach((row) => row.classList.remove("on"));
  if (id && $(id)) $(id).classList.add("on");
}
function show(part, turn = true) {
  focus = [part.corners];
  if (turn && n === 3) view.turn = facing(middle(part.corners));
  const found = at(middle(part.corners));
  describe(part, found.said);
  mark(part.id);
  redraw();
}
function showSaid(cell) {
  focus = cell.outline.map((piece) => piece.corners);
  const x = middle(focus[0]), found = at(x);
  if (n === 3) view.turn = facing(x);
  describe(found.part, said.parts.find((part) => part.c === cell.number));
  mark(cell.id);
  redraw();
}

const spin = (ax, ay) => { view.turn = n === 2 ? product(about.z(ax - ay), view.turn) : product(product(about.x(ay), about.y(ax)), view.turn); redraw(); };
const zoomBy = (k) => { if (n === 3) { view.zoom = Math.min(40, Math.max(1, view.zoom * k)); redraw(); } };
const farSide = () => spin(Math.PI, 0);
const home = () => { view.turn = HOME; view.zoom = 1; focus = null; mark(null); redraw(); };
let walked = -1;
const byArea = [...data.truth].sort((a, b) => b.f - a.f);
function walk(step) { walked = (walked + step + byArea.length) % byArea.length; show(byArea[walked]); }

for (const globe of Object.values(globes)) {
  const canvas = globe.canvas;
  let held = null;
  canvas.addEventListener("pointerdown", (e) => { held = [e.clientX, e.clientY]; canvas.setPointerCapture(e.pointerId); });
  canvas.addEventListener("pointerup", () => { held = null; });
  canvas.addEventListener("pointercancel", () => { held = null; });
  canvas.addEventListener("pointermove", (e) => {
    if (held) {
      const s = globe.radius * view.zoom;
      spin((e.clientX - held[0]) / s, (e.clientY - held[1]) / s);
      held = [e.clientX, e.clientY];
      return;
    }
    const x = globe.under(e);
    if (!x) return;
    const found = at(x);
    describe(found.part, found.said);
    focus = globe === globes.model || !found.said ? [found.part.corners] : said.cells[found.said.c].outline.map((piece) => piece.corners);
    redraw();
  });
  canvas.addEventListener("wheel", (e) => { if (document.activeElement === canvas) { e.preventDefault(); zoomBy(e.deltaY < 0 ? 1.15 : 1 / 1.15); } }, { passive: false });
  canvas.addEventListener("keydown", (e) => {
    const s = 0.12 / view.zoom;
    const keys = { ArrowLeft: () => spin(-s, 0), ArrowRight: () => spin(s, 0), ArrowUp: () => spin(0, -s), ArrowDown: () => spin(0, s),
      "+": () => zoomBy(1.25), "=": () => zoomBy(1.25), "-": () => zoomBy(0.8), Home: home, f: farSide, n: () => walk(1), p: () => walk(-1) };
    if (keys[e.key] && !e.ctrlKey && !e.metaKey) { e.preventDefault(); keys[e.key](); }
  });
}
$("turn-back").addEventListener("click", farSide);
$("reset").addEventListener("click", home);
for (const id of ["model-mode", "said-mode", "circles", "outlines", "wrong", "bubbles"]) $(id).addEventListener("change", () => { legends(); redraw(); });
$("projection").addEventListener("change", () => { view.lambert = $("projection").value === "lambert"; redraw(); });
$("explanation").addEventListener("change", () => { said = data.explanations[$("explanation").value]; focus = null; explained(); redraw(); });
window.addEventListener("resize", redraw);
window.addEventListener("beforeprint", draw);

function theme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  $("theme").setAttribute("aria-pressed", String(dark));
  redraw();
}
const prefers = window.matchMedia("(prefers-color-scheme: dark)");
prefers.addEventListener("change", (e) => theme(e.matches));
$("theme").addEventListener("click", () => theme(document.documentElement.dataset.theme !== "dark"));

function explained() {
  legends();
  if (!said) return;
  sortableTable($("said-cells"), `${said.label}: ${said.summary}`, [
    { head: "cell", get: (c) => c.name }, { head: "label", get: (c) => c.label, number: true }, { head: "share", get: (c) => c.f, show: (c) => percent(c.f, 4), number: true },
    { head: "claimed", get: (c) => c.claimed, show: (c) => percent(c.claimed, 4), number: true }, { head: "true", get: (c) => c.true, show: (c) => percent(c.true, 4), number: true },
    { head: "error", get: (c) => c.error, show: (c) => signed(c.error, 4), number: true }], said.cells, { text: "Show", label: (c) => `Show ${c.name}`, run: showSaid });
  const error = said.value - data.exact.value;
  $("attr-text").textContent = `${said.label} gives ${percent(said.value)}, the truth is ${percent(data.exact.value)}: an error of ${signed(error)}. Cell by cell it adds up to that` +
    (said.switches.length ? "; so do the shares of its approximations (Shapley values) with the rest." : ". It has no approximations that can be switched off one by one.");
  const worst = [...said.cells].sort((a, b) => Math.abs(b.error) - Math.abs(a.error)).slice(0, 14);
  barChart($("attr-chart"), `Largest errors by cell of ${said.label}; the table of its cells has all`, worst.map((c) => ({ name: c.name, value: c.error })));
  $("switches").replaceChildren();
  if (said.switches.length) sortableTable($("switches"), "error by approximation", [
    { head: "approximation", get: (s) => `${s.setting}: ${s.approximate} in place of ${s.exact}` }, { head: "share", get: (s) => s.error, show: (s) => signed(s.error), number: true },
    { head: "alone", get: (s) => s.alone, show: (s) => signed(s.alone), number: true }], [...said.switches, { setting: "the rest", approximate: "–", exact: "–", error: said.rest, alone: said.rest }]);
  const ledger = said.ledger;
  $("ledger-text").textContent = ledger ? ledger.verdict : `No ledger is kept for ${said.label} here.`;
  for (const id of ["ledger-chart", "ledger-curve", "ledger-table"]) $(id).replaceChildren();
  $("ledger-table").parentElement.hidden = !ledger;
  if (!ledger) return;
  ledgerChart($("ledger-chart"), ledger);
  ledgerCurve($("ledger-curve"), ledger);
  sortableTable($("ledger-table"), "entries of the ledger", [
    { head: "kind", get: (e) => e.kind }, { head: "cell or check", get: (e) => e.cell }, { head: "statement", get: (e) => e.statement },
    { head: "prior", get: (e) => e.prior }, { head: "bits", get: (e) => e.bits, show: (e) => e.bits.toFixed(2), number: true }], ledger.entries);
}

function once() {
  const m = data.model;
  $("title").textContent = `${m.name}: ${m.d} neurons, ${n} inputs`;
  $("lead").textContent = `The exact accuracy is ${percent(data.exact.value, 4)} (evaluated to ${short(data.exact.error)}): the share of inputs on which the model names the position of the second largest.`;
  $("how").textContent = n === 3 ? "Only the direction of the three inputs matters, so that all inputs are one sphere, and shares of it are shares of all inputs. In the equal-area projection, areas on the disc are true areas."
    : "Only the direction of the two inputs matters, so that all inputs are one circle, and angles are shares of all inputs.";
  if (n === 2) document.querySelectorAll(".solid").forEach((one) => { one.hidden = true; });
  data.explanations.forEach((one, i) => $("explanation").append(element("option", { value: i, text: one.label })));
  if (!said) { $("said-figure").hidden = true; $("h-said").parentElement.hidden = true; $("h-attr").parentElement.hidden = true; $("ledger-section").hidden = true; }
  sortableTable($("cells"), `${data.truth.length} cells of ${patterns.length} activation patterns`, [
    { head: "ordering", get: (p) => data.orderings[p.o].name }, { head: "neurons on", get: (p) => p.p }, { head: "label", get: label, number: true },
    { head: "answer", get: (p) => p.a, number: true }, { head: "right", get: (p) => (isRight(p) ? "right" : "wrong") }, { head: "share", get: (p) => p.f, show: (p) => percent(p.f, 4), number: true },
    { head: "adds to error", get: (p) => (isRight(p) ? 0 : p.f), show: (p) => (isRight(p) ? "0" : percent(p.f, 4)), number: true }], data.truth, { text: "Show", label: (p) => `Show ${data.orderings[p.o].name}, ${p.p}, answer ${p.a}`, run: show });
  sortableTable($("estimates"), "every method on this model; operations counted, square roots and arctangents 10 each", [
    { head: "method", get: (e) => e.label }, { head: "kind", get: (e) => e.kind }, { head: "estimate", get: (e) => e.value, show: (e) => percent(e.value, 4), number: true },
    { head: "error", get: (e) => e.error, show: (e) => signed(e.error, 4), number: true }, { head: "evaluated to", get: (e) => e.numerical_error, show: (e) => short(e.numerical_error), number: true },
    { head: "operations", get: (e) => e.ops, show: (e) => whole(e.ops), number: true }, { head: "by the note", get: (e) => e.note_ops, show: (e) => whole(e.note_ops), number: true },
    { head: "assumes", get: (e) => e.reason || e.assumes }], data.estimates);
  const copies = data.copies;
  $("copies-section").hidden = !copies;
  if (copies) {
    $("copies-text").textContent = `${copies.count} copies with normal noise of standard deviation ${copies.sigma} on every weight, seed ${copies.seed}.`;
    figureOne($("figure1"), copies.figure1, Object.fromEntries(data.estimates.map((e) => [e.label, e.value])), data.exact.value);
    frontChart($("front"), copies);
    sortableTable($("front-table"), "quality versus compute", [
      { head: "method", get: (r) => r.label }, { head: "kind", get: (r) => r.kind }, { head: "covered", get: (r) => r.covered, number: true }, { head: "RMS error", get: (r) => r.rmse, show: (r) => percent(r.rmse), number: true },
      { head: "bias", get: (r) => r.bias, show: (r) => signed(r.bias), number: true }, { head: "operations", get: (r) => r.ops, show: (r) => whole(r.ops), number: true },
      { head: "advantage over sampling", get: (r) => r.advantage, show: (r) => (r.advantage === null ? "–" : Number(r.advantage).toPrecision(3)), number: true }], copies.front);
  }
  $("weights-text").textContent = "In standard form (every input weight of size 1), neurons in canonical order; blue is negative, orange positive, each matrix by its own largest entry. Rows are where a weight reads into.";
  heatMaps($("weights"), data.weights, n);
  explained();
  theme(prefers.matches);
  const start = data.truth.find((part) => !isRight(part)) || data.truth[0];
  describe(start, at(middle(start.corners)).said);
}
once();
draw();

/** For checks from outside: the areas drawn, and what is in each of many directions. */
window.heurex = {
  opened_ms: performance.now(), data, view, at,
  areas: () => data.truth.reduce((sum, part) => sum + areaOf(part.corners), 0),
  areasSaid: () => said.parts.reduce((sum, part) => sum + areaOf(part.corners), 0),
  pickMany: (directions) => directions.map((x) => { const f = at(x); return [f.part.a, f.margin, f.said ? f.said.c : -1, f.said ? f.said.a : null]; }),
};
$("foot").textContent = `heurex ${data.heurex}; weights ${data.model.hash}; ${data.truth.length} cells; opened in ${Math.round(window.heurex.opened_ms)} ms.`;
