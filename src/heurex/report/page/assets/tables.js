// Tables that sort, for mouse, keyboard and screen reader.
const element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "text") made.textContent = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
};
const percent = (x, digits = 3) => (x === null || x === undefined ? "–" : `${(100 * x).toFixed(digits)}%`);
const signed = (x, digits = 3) => {
  if (x === null || x === undefined) return "–";
  const size = (100 * Math.abs(x)).toFixed(digits); // what rounds to zero has no sign
  return `${Number(size) === 0 ? "" : x > 0 ? "+" : "−"}${size}%`;
};
/** A share of all inputs; what four digits cannot show is not zero. */
const share = (x) => (x > 0 && x < 5e-7 ? "<0.0001%" : x === 0 ? "0" : percent(x, 4));
const whole = (x) => (x === null || x === undefined ? "–" : Math.round(x).toLocaleString("en"));
const short = (x) => (x === null || x === undefined ? "–" : x === 0 ? "0" : Number(x).toPrecision(2).replace("-", "−"));
const FIRST = 100, PRINTED = 25;
let marked = null; // id of the row whose cell is shown

/** Columns: {head, get(row), show(row) or nothing, number}; action: {text, label(row), run(row)}; rows come as given until a head is pressed. */
function sortableTable(host, caption, columns, rows, action) {
  let by = -1, down = false, all = rows.length <= FIRST;
  const body = element("tbody", { class: rows.length > PRINTED ? "cut" : null });
  const heads = columns.map((column, i) => {
    const button = element("button", { type: "button", text: column.head, onclick: () => sort(i) });
    return element("th", { scope: "col", class: column.number ? "number" : null }, button);
  });
  const more = element("button", { type: "button", class: "more", text: `Show all ${rows.length}`, onclick: () => { all = true; fill(); body.children[FIRST].querySelector("button")?.focus(); } });
  function fill() {
    const order = by < 0 ? rows : [...rows].sort((a, b) => compare(columns[by].get(a), columns[by].get(b)) * (down ? -1 : 1));
    body.replaceChildren(...(all ? order : order.slice(0, FIRST)).map((row) => {
      const line = element("tr", row.id ? { id: row.id, class: row.id === marked ? "on" : null } : {});
      columns.forEach((column, k) => {
        const text = column.show ? column.show(row) : column.get(row) ?? "–";
        line.append(element(k ? "td" : "th", { class: column.number ? "number" : column.long ? "long" : null, scope: k ? null : "row", text }));
      });
      if (action) line.append(element("td", {}, element("button", { type: "button", text: action.text, "aria-label": action.label(row), onclick: () => action.run(row) })));
      return line;
    }));
    more.hidden = all;
  }
  function sort(i) {
    down = by === i ? !down : Boolean(columns[i].number);
    by = i;
    heads.forEach((head, k) => {
      if (k === i) head.setAttribute("aria-sort", down ? "descending" : "ascending"); else head.removeAttribute("aria-sort");
      head.firstChild.textContent = columns[k].head + (k === i ? (down ? " ▾" : " ▴") : "");
    });
    fill();
  }
  const head = element("tr", {}, ...heads);
  if (action) head.append(element("td"));
  fill();
  const label = element("caption", { class: "quiet" }, element("span", { text: caption }));
  const rest = rows.length > PRINTED ? [element("p", { class: "paper quiet", text: `${rows.length - PRINTED} more rows are on the page.` })] : [];
  host.replaceChildren(element("table", {}, label, element("thead", {}, head), body), more, ...rest);
  return { sort };
}

function compare(a, b) {
  if (a === null || a === undefined) return b === null || b === undefined ? 0 : -1;
  if (b === null || b === undefined) return 1;
  return typeof a === "number" ? a - b : String(a).localeCompare(String(b));
}
