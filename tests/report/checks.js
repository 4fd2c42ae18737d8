// Asked of an open page by test_page_browser.py.
const parse = (colour) => {
  const numbers = colour.match(/[\d.]+/g).map(Number);
  return colour.startsWith("color") ? numbers.map((v, i) => (i < 3 ? 255 * v : v)) : numbers;
};
const light = (colour) => {
  const [r, g, b] = colour.slice(0, 3).map((v) => (v <= 0.04045 * 255 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
function below(e) {
  for (; e; e = e.parentElement) {
    const colour = parse(getComputedStyle(e).backgroundColor);
    if ((colour[3] ?? 1) > 0) return colour;
  }
}
function under(e) { // in a drawing a square may lie behind the text
  const b = e.getBoundingClientRect(), x = b.x + b.width / 2, y = b.y + b.height / 2;
  const holds = (q) => x > q.left && x < q.right && y > q.top && y < q.bottom;
  const square = [...e.ownerSVGElement.querySelectorAll("rect")].find((r) => holds(r.getBoundingClientRect()));
  return square ? parse(getComputedStyle(square).fill) : below(e.ownerSVGElement.parentElement);
}

window.checks = {
  /** How many texts there are, the least contrast (WCAG 2), and the text that has it. */
  contrast() {
    document.querySelectorAll("details").forEach((one) => { one.open = true; });
    let count = 0, least = [Infinity, ""];
    for (const e of document.querySelectorAll("body *")) {
      const text = [...e.childNodes].filter((c) => c.nodeType === 3).map((c) => c.textContent.trim()).join("");
      if (!text || e.closest("script, option, title") || !e.getClientRects().length) continue;
      const [a, b] = e.ownerSVGElement ? [parse(getComputedStyle(e).fill), under(e)] : [parse(getComputedStyle(e).color), below(e)];
      const [dark, bright] = [light(a), light(b)].sort((p, q) => p - q), ratio = (bright + 0.05) / (dark + 0.05);
      count++;
      if (ratio < least[0]) least = [ratio, text];
    }
    return [count, ...least];
  },
  /** How many names of points the chart of quality versus compute has, and which cover each other. */
  overlaps() {
    const boxes = [...document.querySelectorAll("#front .over")].map((e) => [e.textContent, e.getBoundingClientRect()]);
    const both = (a, b) => a.left < b.right && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom;
    return [boxes.length, boxes.flatMap(([name, a], i) => boxes.slice(i + 1).filter(([, b]) => both(a, b)).map(([other]) => `${name}, ${other}`))];
  },
  /** Texts of charts that reach beyond their picture. */
  outside() {
    const beyond = (q, b) => q.left < b.left - 1 || q.right > b.right + 1 || q.top < b.top - 1 || q.bottom > b.bottom + 1;
    return [...document.querySelectorAll(".chart svg")].flatMap((one) => [...one.querySelectorAll("text")]
      .filter((e) => beyond(e.getBoundingClientRect(), one.getBoundingClientRect())).map((e) => e.textContent));
  },
  /** How many elements of a kind take room. */
  shown: (selector) => [...document.querySelectorAll(selector)].filter((e) => e.getClientRects().length).length,
};
