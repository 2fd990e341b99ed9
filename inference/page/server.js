// What the server says of itself: whether it is ready, and which model answers.

import { by, element } from "./elements.js";

const PHASES = { loading: "Loading the model…", ready: "Ready", draining: "Stopping", gone: "Not reachable" };
const SECONDS = { ready: 5, otherwise: 1 };

let timer;
let told = { introduced() {}, ready() {} };

/** Asks from now on; calls `introduced` with what GET /info says when it got ready, and `ready` whenever it is. */
export function watch(introduced, ready) {
  told = { introduced, ready };
  look();
}

/** Asks at once. */
export async function look() {
  clearTimeout(timer);
  const phase = await ask().catch(() => "gone");
  by("phase").dataset.phase = phase;
  const said = PHASES[phase] ?? phase;
  // A status is read out each time that it is written.
  if (by("phase").textContent !== said) by("phase").textContent = said;
  clearTimeout(timer);
  timer = setTimeout(look, 1000 * (SECONDS[phase] ?? SECONDS.otherwise));
  if (phase === "ready") told.ready();
}

async function ask() {
  const answer = await fetch("ping", { cache: "no-store" });
  if (!answer.ok) return (await answer.json()).error.code;
  if (by("phase").dataset.phase !== "ready") {
    const info = await (await fetch("info", { cache: "no-store" })).json();
    introduce(info);
    told.introduced(info);
  }
  return "ready";
}

function introduce({ model, runtime, build, is_mock: isMock }) {
  by("mock").hidden = !isMock;
  by("model").textContent = model.name;
  by("task").textContent = model.task;
  document.title = `${isMock ? "MOCK: " : ""}${model.name} on Slipway`;
  const side = model.image_size;
  const facts = {
    Model: model.digest,
    Build: build,
    Input: `${side} × ${side}, ${model.labels.length} ${model.labels.length === 1 ? "class" : "classes"}`,
    Runtime: [`${runtime.name} ${runtime.version}`.trim(), runtime.provider].filter(Boolean).join(", "),
    Workers: `${runtime.workers} × ${runtime.threads} ${runtime.threads === 1 ? "thread" : "threads"}`,
  };
  const rows = Object.entries(facts).map(([name, value]) =>
    element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: value })),
  );
  by("facts").replaceChildren(...rows);
}
