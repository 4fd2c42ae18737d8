// Vectors, spherical polygons, turning and projecting: no drawing here.
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const unit = (a) => { const l = Math.hypot(...a) || 1; return a.map((x) => x / l); };
const mix = (a, b, t) => a.map((x, i) => x + t * (b[i] - x));
const times = (m, a) => [dot(m[0], a), dot(m[1], a), dot(m[2], a)];
const product = (m, k) => { const c = [0, 1, 2].map((j) => [k[0][j], k[1][j], k[2][j]]); return m.map((row) => c.map((col) => dot(row, col))); };
const back = (m, a) => [0, 1, 2].map((j) => m[0][j] * a[0] + m[1][j] * a[1] + m[2][j] * a[2]);
const about = { x: (t) => [[1, 0, 0], [0, Math.cos(t), -Math.sin(t)], [0, Math.sin(t), Math.cos(t)]],
  y: (t) => [[Math.cos(t), 0, Math.sin(t)], [0, 1, 0], [-Math.sin(t), 0, Math.cos(t)]],
  z: (t) => [[Math.cos(t), -Math.sin(t), 0], [Math.sin(t), Math.cos(t), 0], [0, 0, 1]] };

/** The rotation that brings a direction to the front, x_2 upwards where it can. */
function facing(a) {
  const f = unit(a);
  const up = Math.abs(f[2]) > 0.999 ? [0, 1, 0] : [0, 0, 1];
  const r = unit(cross(up, f));
  return [r, cross(f, r), f];
}

/** Area of a spherical polygon from its corners (van Oosterom and Strackee, a fan of triangles); of a plane sector its angle. */
function areaOf(corners) {
  if (corners[0].length === 2) {
    const [a, b] = corners;
    return Math.atan2(a[0] * b[1] - a[1] * b[0], a[0] * b[0] + a[1] * b[1]);
  }
  let total = 0;
  for (let k = 1; k + 1 < corners.length; k++) {
    const [a, b, c] = [corners[0], corners[k], corners[k + 1]];
    total += 2 * Math.atan2(dot(a, cross(b, c)), 1 + dot(a, b) + dot(b, c) + dot(c, a));
  }
  return total;
}

/** Inward unit normals of a convex polygon (of a plane sector: of its two rays), and a cap around it; made once. */
function bounds(polygon) {
  if (polygon.normals) return polygon;
  const c = polygon.corners;
  if (c[0].length === 2) {
    polygon.normals = [[-c[0][1], c[0][0], 0], [c[1][1], -c[1][0], 0]];
    polygon.middle = [0, 0, 0];
    polygon.reach = -1;
    return polygon;
  }
  polygon.normals = c.map((a, i) => cross(a, c[(i + 1) % c.length])).filter((e) => Math.hypot(...e) > 1e-13).map(unit);
  polygon.middle = unit(c.reduce((s, p) => s.map((x, i) => x + p[i])));
  polygon.reach = Math.min(...c.map((p) => dot(p, polygon.middle))) - 1e-9;
  return polygon;
}

/** How far inside a convex polygon a direction is: the sine of its angle to the nearest edge, negative outside. */
function inside(polygon, x) {
  let least = Infinity;
  for (const e of bounds(polygon).normals) least = Math.min(least, dot(e, x));
  return least;
}

/** The polygon of a list that holds a direction: its number and how far inside, as {index, margin}. */
function pick(polygons, direction) {
  const x = direction.length === 2 ? [direction[0], direction[1], 0] : direction;
  let index = -1, margin = -Infinity;
  for (const near of [true, false]) {
    for (let i = 0; i < polygons.length; i++) {
      const one = bounds(polygons[i]);
      if (near && dot(one.middle, x) < one.reach) continue;
      const m = inside(one, x);
      if (m > margin) { margin = m; index = i; }
    }
    if (margin >= 0) break; // on an edge, by rounding in no cap: look everywhere
  }
  return { index, margin };
}

/** Points along the closed polygon (or an open line), at most `step` radians apart. */
function along(corners, closed, step) {
  const out = [];
  const edges = closed ? corners.length : corners.length - 1;
  for (let i = 0; i < edges; i++) {
    const a = corners[i], b = corners[(i + 1) % corners.length];
    // equal angles: equal parts of the chord would leave long steps in the middle of a long edge
    const angle = Math.atan2(Math.hypot(...cross(a, b)), dot(a, b)), parts = Math.max(1, Math.ceil(angle / step));
    for (let k = 0; k < parts; k++) {
      const [from, to] = [Math.sin(angle * (1 - k / parts)), Math.sin(angle * k / parts)];
      out.push(k ? unit(a.map((x, i) => from * x + to * b[i])) : a);
    }
  }
  if (!closed) out.push(corners[corners.length - 1]);
  return out;
}

/** The part of a turned convex polygon that faces the viewer (z >= 0), closed along the rim; null if there is none. */
function facingPart(points) {
  if (points.every((p) => p[2] >= 0)) return points;
  if (points.every((p) => p[2] < 0)) return null;
  const out = [];
  let leave = null, enter = null, cut = -1;
  for (let i = 0; i < points.length; i++) {
    const a = points[i], b = points[(i + 1) % points.length];
    if (a[2] >= 0) out.push(a);
    if (a[2] >= 0 !== b[2] >= 0) {
      const c = mix(a, b, a[2] / (a[2] - b[2]));
      const rim = unit([c[0], c[1], 0]);
      out.push(rim);
      if (a[2] >= 0) { leave = rim; cut = out.length; } else enter = rim;
    }
  }
  let turn = Math.atan2(enter[1], enter[0]) - Math.atan2(leave[1], leave[0]);
  if (turn > Math.PI) turn -= 2 * Math.PI;
  if (turn < -Math.PI) turn += 2 * Math.PI;
  const start = Math.atan2(leave[1], leave[0]), arc = [];
  const parts = Math.ceil(Math.abs(turn) / 0.06);
  for (let k = 1; k < parts; k++) arc.push([Math.cos(start + turn * k / parts), Math.sin(start + turn * k / parts), 0]);
  out.splice(cut, 0, ...arc);
  return out;
}

/** Place on the unit disc of a direction that faces the viewer. */
function flat(p, lambert) {
  const s = lambert ? 1 / Math.sqrt(1 + Math.max(0, p[2])) : 1;
  return [p[0] * s, p[1] * s];
}

/** The direction at a place on the unit disc, null outside it. */
function lifted(x, y, lambert) {
  const r2 = x * x + y * y;
  if (r2 > 1) return null;
  if (!lambert) return [x, y, Math.sqrt(1 - r2)];
  const s = Math.sqrt(2 - r2);
  return [x * s, y * s, 1 - r2];
}
