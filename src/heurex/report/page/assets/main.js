// The pictures: state, what is coloured how, events.
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
let said = data.explanations[0] || null, focus = null, waiting = false, aim = null;
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const middle = (points) => unit(points.reduce((s, p) => s.map((x, i) => x + p[i])));
const label = (part) => data.orderings[part.o].label;
const isRight = (part) => part.a === label(part);

const patterns = [...new Set(data.truth.map((part) => part.p))].sort();
const patternColour = new Map(patterns.map((p, i) => [p, `hsl(${Math.round(i * 137.508) % 360} ${45 + 12 * (i % 3)}% ${50 + 9 * ((i >> 1) % 3)}%)`]));
const tint = (t) => mix([225, 227, 230], t < 0 ? [0, 114, 178] : [213, 94, 0], Math.min(1, Math.abs(t))).map(Math.round); // blue - grey - vermilion for -1 .. 1
const ramp = (t) => `rgb(${tint(t)})`;

function modelColour(part) {
  const mode = $("model-mode").value;
  return mode === "answer" ? ANSWERS[part.a] : mode === "right" ? (isRight(part) ? RIGHT : WRONG) : patternColour.get(part.p);
}
function saidColour(part) {
  const mode = $("said-mode").value, cell = said.cells[part.c];
  if (mode === "answer") return part.a === null ? UNKNOWN : ANSWERS[part.a];
  if (mode === "claimed") return `rgb(${mix([213, 94, 0], [143, 184, 212], Math.max(0, Math.min(1, cell.claimed / cell.f))).map(Math.round)})`;
  return ramp(cell.error / largest(said));
}
const largest = (one) => Math.max(1e-12, ...one.cells.map((c) => Math.abs(c.error)));

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
  const ink = css("--fg"), scene = { edge: css("--edge"), ink, halo: css("--halo"), fills: [], lines: [], marks: [], bubbles: [], names: [], focus, aim: aim === globes[which].canvas };
  const here = which === "model" ? data.truth : said.parts, colour = which === "model" ? modelColour : saidColour;
  scene.fills = here.map((part) => ({ corners: part.corners, colour: colour(part) }));
  if (which === "said" || $("outlines").checked) for (const cell of said ? said.cells : []) for (const piece of cell.outline) {
    const width = which === "said" ? 1.3 : 2;
    if (n === 2) scene.lines.push({ points: piece.corners, colour: ink, width });
    else piece.corners.forEach((a, i) => { if (!piece.inner.includes(i)) scene.lines.push({ points: [a, piece.corners[(i + 1) % piece.corners.length]], colour: ink, width }); });
  }
  // coloured by right and wrong, the model's own errors stay visible
  if (said && $("wrong").checked && !(which === "model" && $("model-mode").value === "right")) scene.marks = said.wrong;
  if ($("bubbles").checked) {
    const list = which === "model" ? data.truth.filter((part) => !isRight(part)).map((part) => ({ at: middle(part.corners), f: part.f, colour: WRONG }))
      : said.answers ? said.wrong.map((part) => ({ at: middle(part.corners), f: part.f, colour: DIFFERS }))
        : said.cells.map((cell) => ({ at: middle(cell.outline[0].corners), f: Math.abs(cell.error), colour: cell.error < 0 ? "#56B4E9" : WRONG }));
    scene.bubbles = list.filter((one) => one.f > 1e-9);
  }
  if ($("circles").checked) { scene.lines.push(...circles(ink)); scene.names = orderingNames(); }
  return scene;
}

function draw(sharper = 1) {
  waiting = false;
  globes.model.draw(sceneOf("model"), sharper);
  if (said) globes.said.draw(sceneOf("said"), sharper);
}
const redraw = () => { if (!waiting) { waiting = true; requestAnimationFrame(() => draw()); } };

function legends() {
  const item = (colour, text, kind = "") => { const i = element("i", { class: kind }); if (colour) i.style.background = colour; return element("li", {}, i, text); };
  const answers = () => ANSWERS.slice(0, n).map((c, i) => item(c, `answers ${i}`)), mode = $("model-mode").value, discs = $("bubbles").checked, hatched = said && said.answers && $("wrong").checked;
  const mark = item("", "the explanation's likeliest answer differs", "hatch");
  $("legend-model").replaceChildren(...(mode === "answer" ? answers() : mode === "right" ? [item(RIGHT, "right"), item(WRONG, "wrong")] : [element("li", { text: `${patterns.length} activation patterns, a colour each` })]),
    ...(hatched && mode !== "right" ? [mark] : []), ...(discs ? [item(WRONG, "disc: a wrong cell's true area", "disc")] : []));
  if (!said) return;
  const other = $("said-mode").value;
  $("said-name").textContent = `The explanation: ${said.label}`;
  $("legend-said").replaceChildren(...(other === "answer" ? (said.answers ? answers() : []).concat(said.parts.some((p) => p.a === null) ? [item(UNKNOWN, "names no answer")] : [])
    : other === "claimed" ? [item("rgb(213,94,0)", "0% right"), item("rgb(143,184,212)", "100% right")]
      : [item(ramp(-1), `claims ${percent(largest(said), 2)} too little`), item(ramp(0), "as is true"), item(ramp(1), "as much too much")]), ...(hatched ? [mark.cloneNode(true)] : []),
    ...(discs ? (said.answers ? [item(DIFFERS, "disc: true area of a difference", "disc")] : [item("#56B4E9", "disc: claims too little", "disc"), item(WRONG, "disc: claims too much", "disc")]) : []));
  $("globe-model").setAttribute("aria-label", `The model's ${data.truth.length} cells; it is wrong on ${percent(1 - data.exact.value)} of directions`);
  $("globe-said").setAttribute("aria-label", `${said.label}: ${said.cells.length} cells; ${said.answers ? `its likeliest answer differs from the model's on ${percent(differing(said))} of directions` : "it names no answers"}`);
}
const differing = (one) => one.wrong.reduce((sum, part) => sum + part.f, 0);

/** What is in a direction: part of the model and part of the explanation, as {part, said, margin}. */
function at(x) {
  const true_ = pick(data.truth, x), out = { part: data.truth[true_.index], margin: true_.margin, said: null };
  if (said) { const theirs = pick(said.parts, x); out.said = said.parts[theirs.index]; out.margin = Math.min(out.margin, theirs.margin); }
  return out;
}

function describe(part, theirs) {
  const rows = [["The model", null], ["ordering", data.orderings[part.o].name], ["neurons on, step by step", part.p], ["share of directions", share(part.f)],
    ["right answer", label(part)], ["model's answer", `${part.a} (${isRight(part) ? "right" : "wrong"})`], ["adds to the model's error", isRight(part) ? "0" : share(part.f)]];
  if (theirs) {
    const cell = said.cells[theirs.c];
    rows.push([said.label, null], ["cell", cell.name], ["share of directions", share(cell.f)], ["label", cell.label], ["likeliest answer", saidAnswer(theirs)],
      ["claims right", share(cell.claimed)], ["truly right", share(cell.true)], ["adds to the estimate's error", signed(cell.error, 4)]);
  }
  $("info").replaceChildren(...rows.flatMap(([name, value]) => (value === null ? [element("dt", { class: "head", text: name })] : [element("dt", { text: name }), element("dd", { text: value })])));
}
const saidAnswer = (theirs) => (theirs.a !== null ? theirs.a : said.cells[theirs.c].likely ? "names none" : "passed over as unlikely");

/** For screen readers, and only where the keyboard asked: one sentence, after the keys have come to rest. */
let telling = 0;
function tell(part, theirs) {
  clearTimeout(telling);
  const mine = `${data.orderings[part.o].name}, neurons ${part.p}, ${share(part.f)} of directions: the model answers ${part.a}, ${isRight(part) ? "right" : "wrong"}.`;
  const other = theirs ? ` ${said.label}: ${said.cells[theirs.c].name}, likeliest answer ${saidAnswer(theirs)}, adds ${signed(said.cells[theirs.c].error, 4)} to its error.` : "";
  telling = setTimeout(() => { $("told").textContent = mine + other; }, 250);
}

function mark(id) {
  document.querySelectorAll("tr.on").forEach((row) => row.classList.remove("on"));
  marked = id;
  if (id && $(id)) $(id).classList.add("on");
}
function shown(part, theirs, outlines, id) {
  focus = outlines;
  aim = null;
  if (n === 3) view.turn = facing(middle(outlines[0]));
  describe(part, theirs);
  tell(part, theirs);
  mark(id);
  redraw();
}
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
const toPictures = () => $("pictures").scrollIntoView({ block: "nearest", behavior: calm.matches ? "auto" : "smooth" });
const show = (part) => shown(part, at(middle(part.corners)).said, [part.corners], part.id);
function showSaid(cell) {
  const outlines = cell.outline.map((piece) => piece.corners), found = at(middle(outlines[0]));
  shown(found.part, said.parts.find((part) => part.c === cell.number), outlines, cell.id);
}

const spin = (ax, ay) => { view.turn = n === 2 ? product(about.z(ax - ay), view.turn) : product(product(about.x(ay), about.y(ax)), view.turn); redraw(); };
const zoomBy = (k) => { if (n === 3) { view.zoom = Math.min(40, Math.max(1, view.zoom * k)); redraw(); } };
const farSide = () => spin(Math.PI, 0);
const home = () => { view.turn = HOME; view.zoom = 1; focus = aim = null; mark(null); redraw(); };

/** What the mouse points at, and what the keyboard does: the middle of the sphere, the top of the circle. */
function point(x, canvas) {
  const found = at(x);
  describe(found.part, found.said);
  focus = canvas === $("globe-model") || !found.said ? [found.part.corners] : said.cells[found.said.c].outline.map((piece) => piece.corners);
  redraw();
  return found;
}
function look(canvas) {
  const x = back(view.turn, n === 3 ? [0, 0, 1] : [0, 1, 0]);
  aim = canvas;
  const found = point(n === 3 ? x : [x[0], x[1]], canvas);
  tell(found.part, found.said);
}
let walked = -1;
const byArea = [...data.truth].sort((a, b) => b.f - a.f);
function walk(step) { walked = (walked + step + byArea.length) % byArea.length; show(byArea[walked]); }

for (const globe of Object.values(globes)) {
  const canvas = globe.canvas;
  let held = null, dragged = false;
  const pointed = (e) => { const x = globe.under(e); if (x) { aim = null; point(x, canvas); } };
  canvas.addEventListener("pointerdown", (e) => { held = [e.clientX, e.clientY]; dragged = false; canvas.setPointerCapture(e.pointerId); });
  canvas.addEventListener("pointerup", (e) => { held = null; if (!dragged) pointed(e); });
  canvas.addEventListener("pointercancel", () => { held = null; });
  canvas.addEventListener("pointermove", (e) => {
    if (!held) { pointed(e); return; }
    const s = globe.radius * view.zoom, [dx, dy] = [e.clientX - held[0], e.clientY - held[1]];
    if (!dragged && Math.hypot(dx, dy) < 3) return;
    dragged = true;
    spin(dx / s, dy / s);
    held = [e.clientX, e.clientY];
  });
  canvas.addEventListener("wheel", (e) => { if (document.activeElement === canvas) { e.preventDefault(); zoomBy(e.deltaY < 0 ? 1.15 : 1 / 1.15); } }, { passive: false });
  canvas.addEventListener("keydown", (e) => {
    const s = 0.12 / view.zoom, turned = (ax, ay) => () => { spin(ax, ay); look(canvas); };
    const keys = { ArrowLeft: turned(-s, 0), ArrowRight: turned(s, 0), ArrowUp: turned(0, -s), ArrowDown: turned(0, s),
      "+": () => zoomBy(1.25), "=": () => zoomBy(1.25), "-": () => zoomBy(0.8), Home: home, f: turned(Math.PI, 0), n: () => walk(1), p: () => walk(-1) };
    if (keys[e.key] && !e.ctrlKey && !e.metaKey && !e.altKey) { e.preventDefault(); keys[e.key](); }
  });
}
const turns = { "turn-left": [-0.3, 0], "turn-right": [0.3, 0], "turn-up": [0, -0.3], "turn-down": [0, 0.3] };
for (const [id, [ax, ay]] of Object.entries(turns)) $(id).addEventListener("click", () => { spin(ax / view.zoom, ay / view.zoom); look($("globe-model")); });
$("closer").addEventListener("click", () => zoomBy(1.5));
$("farther").addEventListener("click", () => zoomBy(1 / 1.5));
$("turn-back").addEventListener("click", farSide);
$("reset").addEventListener("click", home);
for (const id of ["model-mode", "said-mode", "circles", "outlines", "wrong", "bubbles"]) $(id).addEventListener("change", () => { legends(); redraw(); });
$("projection").addEventListener("change", () => { view.lambert = $("projection").value === "lambert"; redraw(); });
$("explanation").addEventListener("change", () => { said = data.explanations[$("explanation").value]; focus = null; explained(); redraw(); });
window.addEventListener("resize", () => { refit(); redraw(); });
let before = "light"; // on paper colours are light, and pictures sharper
window.addEventListener("beforeprint", () => { before = document.documentElement.dataset.theme; document.documentElement.dataset.theme = "light"; draw(3); });
window.addEventListener("afterprint", () => { document.documentElement.dataset.theme = before; redraw(); });

function theme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  $("theme").textContent = dark ? "Light colours" : "Dark colours";
  redraw();
}
const prefers = window.matchMedia("(prefers-color-scheme: dark)");
prefers.addEventListener("change", (e) => theme(e.matches));
$("theme").addEventListener("click", () => theme(document.documentElement.dataset.theme !== "dark"));
