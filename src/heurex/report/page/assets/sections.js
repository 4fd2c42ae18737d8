// Everything beside the pictures: numbers, tables, charts; then the page is put together.
const ASKED = { argmax: "largest input", "2nd_argmax": "second largest input", argmedian: "middle input" };
const front = (name) => (data.copies ? data.copies.front.find((row) => row.label === name) : undefined);
const times3 = (x) => (x >= 1000 ? whole(Number(x.toPrecision(3))) : String(Number(x.toPrecision(3))));

/** What a reader of two minutes takes away, for the chosen explanation. */
function facts() {
  const tile = (name, value, more) => element("div", {}, element("dt", { text: name }), element("dd", { text: value }), element("dd", { class: "quiet", text: more }));
  const tiles = [tile("exact accuracy", percent(data.exact.value, 4), `a share of all inputs, evaluated to ${short(data.exact.error)}`)];
  if (said) {
    const known = data.estimates.find((one) => one.label === said.label), row = front(said.label), ledger = said.ledger;
    tiles.push(tile(`${said.label} says`, percent(said.value, 4), `an error of ${signed(said.value - data.exact.value, 4)}`));
    tiles.push(said.answers ? tile("answers differ on", percent(differing(said), 3), "of directions, hatched below") : tile("answers", "none named", "only how often they are right"));
    tiles.push(tile("operations", whole(known.ops), known.ops === null ? "not counted for models of this size"
      : row && row.advantage ? `sampling of the same error on noisy copies needs ${times3(row.advantage)} times as many` : "counted from the weights to the estimate"));
    if (ledger) tiles.push(tile("surprise", `${ledger.total_bits.toFixed(1)} bits`, `without an explanation ${ledger.baselines.no_explanation_bits.toFixed(1)} bits`));
  }
  $("facts").replaceChildren(...tiles);
}

function explained() {
  legends();
  facts();
  if (!said) return;
  sortableTable($("said-cells"), `Cells of ${said.label}: ${said.summary}`, [
    { head: "cell", get: (c) => c.name }, { head: "label", get: (c) => c.label, number: true }, { head: "share", get: (c) => c.f, show: (c) => share(c.f), number: true },
    { head: "claimed right", get: (c) => c.claimed, show: (c) => share(c.claimed), number: true }, { head: "truly right", get: (c) => c.true, show: (c) => share(c.true), number: true },
    { head: "error", get: (c) => c.error, show: (c) => signed(c.error, 4), number: true }], said.cells, { text: "Show", label: (c) => `Show ${c.name}`, run: (c) => { showSaid(c); toPictures(); } });
  const error = said.value - data.exact.value;
  $("attr-text").textContent = `${said.label} says ${percent(said.value)}, the truth is ${percent(data.exact.value)}: an error of ${signed(error)}. Cell by cell it adds up to that` +
    (said.switches.length ? "; so do the shares of its approximations (Shapley values) with the rest." : ". It has no approximations that can be switched off one by one.");
  const worst = [...said.cells].sort((a, b) => Math.abs(b.error) - Math.abs(a.error)).slice(0, 14);
  barChart($("attr-chart"), `Largest errors by cell of ${said.label}; the table of its cells has all`, worst.map((c) => ({ name: c.name, value: c.error })));
  $("switches").replaceChildren();
  const rest = { setting: "the rest", error: said.rest, alone: null };
  if (said.switches.length) sortableTable($("switches"), "Error by approximation; alone: were it the only one", [
    { head: "approximation", get: (s) => (s.exact ? `${s.setting}: ${s.approximate} in place of ${s.exact}` : s.setting) }, { head: "share", get: (s) => s.error, show: (s) => signed(s.error), number: true },
    { head: "alone", get: (s) => s.alone, show: (s) => signed(s.alone), number: true }], [...said.switches, rest]);
  surprise(said.ledger);
}

function surprise(ledger) {
  $("ledger-text").textContent = ledger ? ledger.verdict : `No ledger is kept for ${said.label} here.`;
  for (const id of ["ledger-chart", "ledger-curve", "ledger-table"]) { charts.delete($(id)); $(id).replaceChildren(); }
  $("ledger-table").parentElement.hidden = !ledger;
  if (!ledger) return;
  ledgerChart($("ledger-chart"), ledger);
  ledgerCurve($("ledger-curve"), ledger);
  sortableTable($("ledger-table"), "Entries of the ledger", [
    { head: "kind", get: (e) => e.kind }, { head: "cell or check", get: (e) => e.cell }, { head: "statement", get: (e) => e.statement, long: true },
    { head: "prior", get: (e) => e.prior, long: true }, { head: "bits", get: (e) => e.bits, show: (e) => e.bits.toFixed(2), number: true }], ledger.entries);
}

function estimates() {
  sortableTable($("estimates"), "Every method on this model. Operations are counted, square roots and arctangents as 10; the note counts differently.", [
    { head: "method", get: (e) => e.label }, { head: "kind", get: (e) => e.kind }, { head: "estimate", get: (e) => e.value, show: (e) => percent(e.value, 4), number: true },
    { head: "error", get: (e) => e.error, show: (e) => signed(e.error, 4), number: true }, { head: "evaluated to", get: (e) => e.numerical_error, show: (e) => short(e.numerical_error), number: true },
    { head: "operations", get: (e) => e.ops, show: (e) => whole(e.ops), number: true }, { head: "by the note", get: (e) => e.note_ops, show: (e) => whole(e.note_ops), number: true },
    { head: "assumes", get: (e) => (e.reason ? `does not apply: ${e.reason}` : e.assumes), long: true }], data.estimates);
}

function onCopies(copies) {
  $("copies-section").hidden = !copies;
  if (!copies) return;
  $("copies-text").textContent = `${copies.count} copies with normal noise of standard deviation ${copies.sigma} on every weight, seed ${copies.seed}. A dot is a copy, the orange one the model itself; on the line the estimate is true.`;
  $("front-text").textContent = "The line is plain sampling. Ringed: nothing but sampling is better and cheaper. Advantage over sampling: how many times as many operations sampling needs for the same RMS error.";
  const labels = Object.keys(copies.figure1);
  figureOne($("figure1"), copies.figure1, Object.fromEntries(data.estimates.map((e) => [e.label, e.value])), data.exact.value, Object.fromEntries(labels.map((name) => [name, front(name)?.rmse])));
  frontChart($("front"), copies);
  sortableTable($("front-table"), "Quality versus compute", [
    { head: "method", get: (r) => r.label }, { head: "kind", get: (r) => r.kind }, { head: "covered", get: (r) => r.covered, number: true }, { head: "RMS error", get: (r) => r.rmse, show: (r) => percent(r.rmse), number: true },
    { head: "bias", get: (r) => r.bias, show: (r) => signed(r.bias), number: true }, { head: "operations", get: (r) => r.ops, show: (r) => whole(r.ops), number: true },
    { head: "advantage over sampling", get: (r) => r.advantage, show: (r) => (r.advantage === null ? "–" : times3(r.advantage)), number: true }], copies.front);
}

function cells() {
  const worst = [...data.truth].sort((a, b) => isRight(a) - isRight(b) || b.f - a.f);
  sortableTable($("cells"), `${data.truth.length} cells of ${patterns.length} activation patterns, wrong ones first`, [
    { head: "ordering", get: (p) => data.orderings[p.o].name }, { head: "neurons on", get: (p) => p.p }, { head: "label", get: label, number: true },
    { head: "answer", get: (p) => p.a, number: true }, { head: "right", get: (p) => (isRight(p) ? "right" : "wrong") }, { head: "share", get: (p) => p.f, show: (p) => share(p.f), number: true },
    { head: "adds to error", get: (p) => (isRight(p) ? 0 : p.f), show: (p) => (isRight(p) ? "0" : share(p.f)), number: true }], worst,
  { text: "Show", label: (p) => `Show ${data.orderings[p.o].name}, ${p.p}, answer ${p.a}`, run: (p) => { show(p); toPictures(); } });
  return worst[0];
}

function once() {
  const m = data.model;
  $("title").textContent = `${m.name}: ${m.d} neurons, ${n} inputs`;
  $("lead").textContent = `A ReLU RNN that is asked for the position of the ${ASKED[m.task]}. Its exact accuracy is ${percent(data.exact.value, 4)}: the share of inputs, normal and independent, on which it names that position.`;
  $("how").textContent = n === 3 ? "Only the direction of the three inputs matters, so that all inputs are one sphere, and shares of it are shares of all inputs. In the equal-area projection, areas on the disc are true areas."
    : "Only the direction of the two inputs matters, so that all inputs are one circle, and angles are shares of all inputs.";
  if (n === 2) document.querySelectorAll(".solid").forEach((one) => { one.hidden = true; });
  data.explanations.forEach((one, i) => $("explanation").append(element("option", { value: i, text: one.label })));
  if (!said) document.querySelectorAll(".said").forEach((one) => { one.hidden = true; });
  estimates();
  onCopies(data.copies);
  $("weights-text").textContent = "In standard form (every input weight of size 1), neurons in canonical order; blue is negative, orange positive, each matrix by its own largest entry. Rows are where a weight reads into.";
  heatMaps($("weights"), data.weights, n);
  const worst = cells();
  explained();
  theme(prefers.matches);
  focus = [worst.corners];
  describe(worst, at(middle(worst.corners)).said);
}
once();
draw();

/** For checks from outside: the areas drawn, and what is in each of many directions. */
window.heurex = {
  opened_ms: performance.now(), data, view, at,
  areas: () => data.truth.reduce((sum, part) => sum + areaOf(part.corners), 0),
  areasSaid: () => said.parts.reduce((sum, part) => sum + areaOf(part.corners), 0),
  pickMany: (directions) => directions.map((x) => { const f = at(x); return [f.part.a, f.margin, f.said ? f.said.c : -1, f.said ? f.said.a : null, label(f.part)]; }),
};
$("foot").textContent = `heurex ${data.heurex}; weights ${data.model.hash}; ${data.truth.length} cells; opened in ${Math.round(window.heurex.opened_ms)} ms.`;
