// Confidence, overlap, number and classes: what each request asks for.

import { by, element } from "./elements.js";
import { attributes } from "./request.js";

const SLIDERS = ["confidence", "iou", "max_detections"];
const MANY_CLASSES = 12;
const PATIENCE = 120; // milliseconds without a movement, before anything is sent

let defaults = {}; // the model's own, by name: what its task has no use for is not among them
let labels = [];

/** What differs from the model's own settings, as the request's header writes it. */
export function given() {
  const known = SLIDERS.filter((name) => name in defaults);
  const options = Object.fromEntries(known.map((name) => [name, by(name).valueAsNumber]));
  const classes = [...by("classes").querySelectorAll(":checked")].map((input) => Number(input.value));
  return attributes({ ...options, classes }, defaults, labels);
}

/** Takes the model's own settings and classes. */
export function configure(info) {
  // As the sliders can show them, so that one that was not touched is not sent.
  const shown = SLIDERS.filter((name) => name in info.defaults).map((name) => [name, rounded(info.defaults[name])]);
  defaults = Object.fromEntries(shown);
  for (const name of SLIDERS) by(name).parentElement.hidden = !(name in defaults);
  labels = info.model.labels;
  const chips = labels.map((label, id) =>
    element("label", {}, element("input", { type: "checkbox", value: String(id) }), label),
  );
  by("classes").replaceChildren(...chips);
  by("classes-option").hidden = labels.length < 2;
  by("search").hidden = labels.length <= MANY_CLASSES;
  reset();
}

const rounded = (value) => Number(value.toFixed(2));

function reset() {
  for (const name in defaults) by(name).value = String(defaults[name]);
  for (const input of by("classes").querySelectorAll(":checked")) input.checked = false;
  by("search").value = "";
  find();
  tell();
}

function find() {
  const wanted = by("search").value.trim().toLowerCase();
  for (const chip of by("classes").children) {
    chip.hidden = !chip.textContent.toLowerCase().includes(wanted) && !chip.firstChild.checked;
  }
}

function tell() {
  for (const name of SLIDERS) {
    by(`${name}-value`).textContent = by(name).valueAsNumber.toFixed(name === "max_detections" ? 0 : 2);
  }
}

/** Calls `changed` at once with every movement, and `settled` when the hand rests. */
export function listen(changed, settled) {
  let pause;
  const form = by("options");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    reset();
    changed();
    settled();
  });
  form.addEventListener("input", (event) => {
    if (event.target === by("search")) return find();
    tell();
    changed();
    clearTimeout(pause);
    pause = setTimeout(settled, PATIENCE);
  });
  tell();
}
