// A sphere of directions (for two inputs a disc) on a canvas: drawing, turning, picking.
const ANSWERS = ["#0072B2", "#E69F00", "#009E73"];
const RIGHT = "#8fb8d4", WRONG = "#D55E00", UNKNOWN = "#9aa0a6", DIFFERS = "#d0267e";

class Globe {
  constructor(canvas, view, n) { Object.assign(this, { canvas, view, n }); }

  /** Scene: fills [{corners, colour}], lines [{points, colour, width, dash}], marks (hatched), bubbles [{at, f}], names, focus, aim. */
  draw(scene, sharper = 1) {
    this.scene = scene;
    const ratio = sharper * (window.devicePixelRatio || 1), box = this.canvas.clientWidth || 400;
    this.canvas.width = this.canvas.height = Math.round(box * ratio);
    const g = this.canvas.getContext("2d");
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, box, box);
    this.size = box;
    this.radius = box / 2 - (this.n === 3 ? 8 : 36);
    g.save();
    g.beginPath();
    g.arc(box / 2, box / 2, this.view.zoom > 1 ? box / 2 : this.radius + 1, 0, 7);
    g.clip();
    for (const one of scene.fills) this.fill(g, one.corners, one.colour, scene.edge);
    const hatch = scene.marks.length ? this.hatch(g, DIFFERS, ratio) : null;
    for (const one of scene.marks) this.fill(g, one.corners, hatch, DIFFERS, 1.4);
    for (const one of scene.lines) this.line(g, one);
    for (const one of scene.bubbles) this.bubble(g, one);
    // light beside dark, so that the outline shows on every colour; thin, so that it leaves a narrow cell visible
    if (scene.focus) for (const [colour, width] of [[scene.halo, 4], [scene.ink, 2]]) for (const corners of scene.focus) this.line(g, { points: corners, closed: true, colour, width });
    g.restore();
    if (this.view.zoom <= 1) {
      g.strokeStyle = scene.ink; g.globalAlpha = 0.5; g.lineWidth = 1;
      g.beginPath(); g.arc(box / 2, box / 2, this.radius, 0, 7); g.stroke(); g.globalAlpha = 1;
    }
    for (const one of scene.names) this.name(g, one, scene);
    if (scene.aim) this.cross(g, scene);
  }

  /** Stripes, so that the answers below stay visible. */
  hatch(g, colour, ratio) {
    const tile = document.createElement("canvas"), size = Math.round(6 * ratio), t = tile.getContext("2d");
    tile.width = tile.height = size;
    t.strokeStyle = colour; t.lineWidth = size * 0.5;
    t.beginPath();
    for (const k of [-1, 0, 1]) { t.moveTo(k * size - size, 2 * size); t.lineTo(k * size + 2 * size, -size); }
    t.stroke();
    const pattern = g.createPattern(tile, "repeat");
    pattern.setTransform(new DOMMatrix().scale(1 / ratio));
    return pattern;
  }

  /** Where the keyboard points: the middle of a sphere, the top of a circle. */
  cross(g, scene) {
    const x = this.size / 2, y = this.n === 3 ? x : x - this.radius, arm = 9;
    for (const [colour, width] of [[scene.halo, 5], [scene.ink, 2]]) {
      g.strokeStyle = colour; g.lineWidth = width;
      g.beginPath(); g.moveTo(x - arm, y); g.lineTo(x + arm, y); g.moveTo(x, y - arm); g.lineTo(x, y + arm); g.stroke();
    }
  }

  place(p) {
    const [x, y] = flat(p, this.view.lambert), s = this.radius * this.view.zoom;
    return [this.size / 2 + s * x, this.size / 2 - s * y];
  }

  turned(a) { return times(this.view.turn, a.length === 2 ? [a[0], a[1], 0] : a); }

  trace(g, points, closed) {
    g.beginPath();
    points.forEach((p, i) => (i ? g.lineTo(...this.place(p)) : g.moveTo(...this.place(p))));
    if (closed) g.closePath();
  }

  fill(g, corners, colour, edge, width = 0.7) {
    if (this.n === 2) return this.sector(g, corners, colour, edge);
    const seen = facingPart(along(corners.map((a) => this.turned(a)), true, 0.06));
    if (!seen) return;
    this.trace(g, seen, true);
    g.fillStyle = colour; g.fill();
    g.strokeStyle = edge; g.lineWidth = width; g.stroke();
  }

  sector(g, corners, colour, edge) {
    const angle = (a) => { const t = times(this.view.turn, [a[0], a[1], 0]); return Math.atan2(-t[1], t[0]); };
    const c = this.size / 2;
    g.beginPath(); g.moveTo(c, c); g.arc(c, c, this.radius, angle(corners[0]), angle(corners[1]), true); g.closePath();
    g.fillStyle = colour; g.fill(); g.strokeStyle = edge; g.lineWidth = 1; g.stroke();
  }

  line(g, { points, closed, colour, width, dash }) {
    g.strokeStyle = colour; g.lineWidth = width; g.setLineDash(dash || []);
    if (this.n === 2) {
      const c = this.size / 2;
      for (const a of points) {
        const t = times(this.view.turn, [a[0], a[1], 0]);
        g.beginPath(); g.moveTo(c, c); g.lineTo(c + this.radius * t[0], c - this.radius * t[1]); g.stroke();
      }
    } else {
      const path = along(points.map((a) => this.turned(a)), closed, 0.06);
      if (closed) path.push(path[0]);
      let run = [];
      const flush = () => { if (run.length > 1) { this.trace(g, run, false); g.stroke(); } run = []; };
      for (const p of path) { if (p[2] >= -1e-9) run.push(p); else flush(); }
      flush();
    }
    g.setLineDash([]);
  }

  bubble(g, { at, f, colour }) {
    const p = this.turned(at);
    if (p[2] < 0) return;
    // the disc stands for half of space, so that this circle has the true area in the same measure
    const r = Math.max(1.5, this.radius * this.view.zoom * Math.sqrt(2 * f));
    const [x, y] = this.place(p);
    g.beginPath(); g.arc(x, y, r, 0, 7); g.globalAlpha = 0.75; g.fillStyle = colour; g.fill(); g.globalAlpha = 1;
    g.strokeStyle = this.scene.ink; g.lineWidth = 1; g.stroke();
  }

  name(g, { at, text }, scene) {
    const p = this.turned(at);
    if (this.n === 3 && p[2] < 0.05) return;
    let [x, y] = this.place(p);
    if (this.n === 2) [x, y] = [this.size / 2 + (this.radius + 10) * p[0], this.size / 2 - (this.radius + 10) * p[1]];
    if (this.n === 3 && Math.hypot(x - this.size / 2, y - this.size / 2) > this.size / 2) return;
    g.font = "600 12px system-ui, sans-serif"; g.lineJoin = "round"; g.textAlign = this.n === 3 || Math.abs(p[0]) < 0.2 ? "center" : p[0] > 0 ? "left" : "right"; g.textBaseline = "middle";
    g.lineWidth = 5; g.strokeStyle = scene.halo; g.strokeText(text, x, y); g.fillStyle = scene.ink; g.fillText(text, x, y);
  }

  /** The direction under a point of the page, null beside the sphere. */
  under(event) {
    const box = this.canvas.getBoundingClientRect(), s = (this.radius || 1) * this.view.zoom;
    const x = (event.clientX - box.left - box.width / 2) / s, y = -(event.clientY - box.top - box.height / 2) / s;
    if (this.n === 2) { const a = back(this.view.turn, [x, y, 0]); return Math.hypot(x, y) > 1 ? null : unit([a[0], a[1]]); }
    const p = lifted(x, y, this.view.lambert);
    return p && back(this.view.turn, p);
  }
}
