// The picture and what was found in it, on a canvas; and a picture to try when there is none.

const LARGEST_ZOOM = 4;
const NARROW = 400; // pixels of the page, below which labels are short
const SEEN = 0.5; // score of a point from which on it is drawn
// ultralytics' order of COCO's 17 points of a person, from 0: pairs that a line joins.
const LIMBS = [
  [15, 13], [13, 11], [16, 14], [14, 12], [11, 12], [5, 11], [6, 12], [5, 6], [5, 7], [6, 8],
  [7, 9], [8, 10], [1, 2], [0, 1], [0, 2], [1, 3], [2, 4], [3, 5], [4, 6],
];

/** A colour for each class, as far from its neighbours as the golden angle takes it; black text is legible on all. */
export const colour = (id) => `oklch(0.8 0.15 ${((id * 137.508 + 25) % 360).toFixed(1)})`;

/** Draws `bitmap` (null for a format that browsers do not show) and the objects; `lit` is the index to stress, or -1. */
export function draw(canvas, room, { bitmap, width, height }, objects, lit) {
  const zoom = Math.min(room.width / width, room.height / height, LARGEST_ZOOM);
  const density = window.devicePixelRatio || 1;
  canvas.style.width = `${Math.round(width * zoom)}px`;
  canvas.style.height = `${Math.round(height * zoom)}px`;
  canvas.width = Math.round(width * zoom * density);
  canvas.height = Math.round(height * zoom * density);
  canvas.dataset.width = String(width);
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#727272";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  if (bitmap) pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const scale = zoom * density;
  const at = ([x, y]) => [x * scale, y * scale];
  const order = objects.map((_, index) => index).reverse();
  if (lit >= 0) order.push(order.splice(order.indexOf(lit), 1)[0]);
  for (const index of order) {
    pen.globalAlpha = lit < 0 || lit === index ? 1 : 0.35;
    outline(pen, objects[index], at, density, lit === index);
  }
  for (const index of order) {
    pen.globalAlpha = lit < 0 || lit === index ? 1 : 0.2;
    name(pen, objects[index], at, density);
  }
  pen.globalAlpha = 1;
}

function outline(pen, object, at, density, lit) {
  const shade = colour(object.class_id);
  const trace = (points, closed = true) => {
    pen.beginPath();
    points.map(at).forEach(([x, y]) => pen.lineTo(x, y));
    if (closed) pen.closePath();
  };
  const line = (thickness) => {
    // Dark below, so that it is seen on any picture.
    for (const [style, more] of [["rgb(0 0 0 / 60%)", 1.5], [shade, 0]]) {
      pen.strokeStyle = style;
      pen.lineWidth = (thickness + more) * density;
      pen.stroke();
    }
  };
  pen.lineJoin = pen.lineCap = "round";
  for (const polygon of object.polygons ?? []) {
    trace(polygon);
    pen.save();
    pen.globalAlpha *= lit ? 0.5 : 0.3;
    pen.fillStyle = shade;
    pen.fill();
    pen.restore();
    line(lit ? 2.5 : 1.5);
  }
  trace(object.corners ?? rectangle(object.box));
  line(lit ? 3.5 : 2.5);
  const points = object.keypoints ?? [];
  const seen = (point) => (point[2] ?? 1) >= SEEN;
  for (const [from, to] of points.length === 17 ? LIMBS : []) {
    if (!seen(points[from]) || !seen(points[to])) continue;
    trace([points[from], points[to]], false);
    line(2);
  }
  for (const point of points.filter(seen)) {
    pen.beginPath();
    pen.arc(...at(point), 3.5 * density, 0, 2 * Math.PI);
    line(1);
    pen.fillStyle = shade;
    pen.fill();
  }
}

function name(pen, object, at, density) {
  const narrow = pen.canvas.width / density < NARROW;
  const text = narrow ? object.label : `${object.label} ${percent(object.score)}`;
  const [x, y] = at(object.corners ? top(object.corners) : object.box);
  const height = (narrow ? 14 : 18) * density;
  pen.font = `600 ${(narrow ? 10 : 12) * density}px system-ui, "DejaVu Sans", sans-serif`;
  const width = pen.measureText(text).width + 10 * density;
  const left = Math.max(0, Math.min(x - density, pen.canvas.width - width));
  const above = y - height >= 0 ? y - height : y;
  pen.fillStyle = colour(object.class_id);
  pen.fillRect(left, above, width, height);
  pen.fillStyle = "#000";
  pen.textBaseline = "middle";
  pen.fillText(text, left + 5 * density, above + height / 2 + density / 2);
}

const rectangle = ([left, above, right, below]) => [[left, above], [right, above], [right, below], [left, below]];
const top = (corners) => corners.reduce((best, corner) => (corner[1] < best[1] ? corner : best));
export const percent = (score) => `${Math.round(score * 100)} %`;

/** The box around an object: of its corners where it is rotated. */
export function box({ box, corners }) {
  if (box) return box;
  const [x, y] = [0, 1].map((axis) => corners.map((corner) => corner[axis]));
  return [Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)];
}

/** Index of the smallest object under a point of the picture, or -1. */
export function under(objects, x, y) {
  const size = ([left, above, right, below]) => (right - left) * (below - above);
  const inside = ([left, above, right, below]) => left <= x && x <= right && above <= y && y <= below;
  const hit = objects.map((object, index) => [box(object), index]).filter(([edges]) => inside(edges));
  return hit.sort(([one], [other]) => size(one) - size(other))[0]?.[1] ?? -1;
}

/** A PNG of shapes such as the demonstration model was trained on. */
export async function drawSample() {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [640, 448];
  const pen = canvas.getContext("2d");
  const ground = pen.createLinearGradient(0, 0, 640, 448);
  ground.addColorStop(0, "#b9b4a4");
  ground.addColorStop(1, "#8d8f96");
  pen.fillStyle = ground;
  pen.fillRect(0, 0, 640, 448);
  const shape = (fill, trace) => {
    pen.fillStyle = fill;
    pen.beginPath();
    trace();
    pen.fill();
  };
  const triangle = (x, y, side) => {
    pen.moveTo(x + side / 2, y);
    pen.lineTo(x + side, y + side);
    pen.lineTo(x, y + side);
  };
  shape("#c8372d", () => pen.arc(150, 130, 62, 0, 2 * Math.PI));
  shape("#d2453a", () => pen.arc(548, 330, 34, 0, 2 * Math.PI));
  shape("#3fa34d", () => pen.rect(300, 60, 104, 104));
  shape("#2f8f46", () => pen.rect(90, 290, 70, 70));
  shape("#3455c4", () => triangle(460, 70, 120));
  shape("#2c49b4", () => triangle(290, 260, 130));
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  return new File([blob], "sample.png", { type: "image/png" });
}
