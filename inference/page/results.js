// What an answer says, beside the picture: objects, classes, times.

import { box, colour, percent } from "./draw.js";
import { by, element } from "./elements.js";

const HUES = { queue: 300, fetch: 340, decode: 60, preprocess: 100, inference: 195, postprocess: 250, other: 20 };

export function clear() {
  by("timing").hidden = by("nothing").hidden = true;
  by("results").replaceChildren();
  by("count").textContent = "";
}

/** Lists objects and classes, best first; `light` is called with the index of an object, or -1, as the hand goes over it. */
export function list(objects, classes, light) {
  const length = objects.length + classes.length;
  by("count").textContent = String(length);
  by("nothing").hidden = length > 0;
  by("nothing").textContent = `Nothing above a confidence of ${by("confidence-value").textContent}.`;
  by("results").replaceChildren(
    ...objects.map((object, index) => row(object, place(object), () => light(index), () => light(-1))),
    ...classes.map((one) => row(one, share(one.score))),
  );
}

/** Stresses one object of the list. */
export function stress(index) {
  [...by("results").children].forEach((one, number) => one.firstChild.classList.toggle("lit", number === index));
}

function row(object, detail, enter, leave) {
  const parts = [
    element("span", { className: "name", textContent: object.label }),
    element("span", { className: "score", textContent: percent(object.score) }),
    detail,
  ];
  const made = enter ? element("button", { type: "button" }, ...parts) : element("div", {}, ...parts);
  made.className = "result";
  made.style.setProperty("--colour", colour(object.class_id));
  if (enter) {
    for (const event of ["pointerenter", "focus"]) made.addEventListener(event, enter);
    for (const event of ["pointerleave", "blur"]) made.addEventListener(event, leave);
  }
  return element("li", {}, made);
}

function place(object) {
  const [left, above, right, below] = box(object).map(Math.round);
  const more = [
    object.polygons && "outlined",
    object.corners && "turned",
    object.keypoints && `${object.keypoints.length} points`,
  ].filter(Boolean);
  const text = [`${right - left} × ${below - above} at ${left}, ${above}`, ...more].join(", ");
  return element("span", { className: "where", textContent: text });
}

function share(score) {
  const bar = element("i");
  bar.style.setProperty("--width", `${score * 100}%`);
  return element("span", { className: "share" }, bar);
}

/** Shows `timings_ms` of an answer, and the milliseconds from the request to the end of the answer. */
export function time({ total, ...stages }, there_and_back) {
  const told = Object.values(stages).reduce((sum, one) => sum + one, 0);
  const parts = { ...stages, other: Math.max(0, total - told) };
  const order = Object.keys(HUES).filter((stage) => stage in parts);
  const part = (tag, stage, ...children) => {
    const made = element(tag, {}, ...children);
    made.style.setProperty("--colour", `oklch(0.68 0.13 ${HUES[stage]})`);
    made.style.setProperty("--share", String(parts[stage]));
    return made;
  };
  by("stages").replaceChildren(...order.map((stage) => part("span", stage)));
  const figure = (stage) => element("b", { textContent: parts[stage].toFixed(1) });
  by("legend").replaceChildren(...order.map((stage) => part("li", stage, `${stage} `, figure(stage))));
  by("total").textContent = `${total.toFixed(1)} ms in the server, ${there_and_back.toFixed(1)} ms there and back`;
  by("timing").hidden = false;
}
