// Takes a picture, sends it with the settings, and shows what comes back.

import { draw, drawSample, percent, under } from "./draw.js";
import { by } from "./elements.js";
import { send, snippets } from "./request.js";
import * as results from "./results.js";
import { look, watch } from "./server.js";
import * as settings from "./settings.js";

const EXAMPLE = { name: "picture.jpg", type: "image/jpeg" };
const TOO_LONG = 20_000;

const page = {
  file: null, // the picture as it is sent
  view: null, // as it is shown: {bitmap, width, height}
  objects: [], // what was found at some place of it
  lit: -1, // the one of them that is stressed
  waits: false, // whether it is to be sent as soon as the server is ready
  language: "curl",
};
let underWay = new AbortController();

async function take(file, { onDisk }) {
  Object.assign(page, { file, view: null });
  clear();
  offer(onDisk ? null : file);
  describe();
  write();
  // Formats that browsers do not know, such as TIFF, are grey once the server has told their size.
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (page.file !== file) return;
  if (bitmap) page.view = { bitmap, width: bitmap.width, height: bitmap.height };
  describe();
  redraw();
  await submit();
}

/** Lets a picture be saved that no file holds yet: the request below names one. */
function offer(file) {
  const link = by("save");
  URL.revokeObjectURL(link.href);
  link.hidden = !file;
  if (file) Object.assign(link, { href: URL.createObjectURL(file), download: file.name });
  else link.removeAttribute("href");
}

function describe() {
  const { file, view } = page;
  const size = file.size < 1e6 ? `${Math.ceil(file.size / 1e3)} kB` : `${(file.size / 1e6).toFixed(1)} MB`;
  by("about").textContent = [file.name, view && `${view.width} × ${view.height}`, size].filter(Boolean).join(" · ");
}

function clear() {
  Object.assign(page, { objects: [], lit: -1 });
  by("error").hidden = true;
  results.clear();
}

async function submit() {
  if (!page.file) return;
  underWay.abort();
  const { signal } = (underWay = new AbortController());
  page.waits = false;
  document.body.classList.add("busy");
  try {
    const { status, document: answer, milliseconds } = await send(page.file, settings.given(), signal);
    if (status === 200) show(answer, milliseconds);
    else refuse(answer.error.message, answer.error.code);
    const text = JSON.stringify(answer, null, 2);
    by("answer").textContent = text.length > TOO_LONG ? `${text.slice(0, TOO_LONG)}\n…` : text;
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof TypeError)) throw error;
    refuse("The server cannot be reached. Start it again: the picture is then sent by itself.", "gone");
  } finally {
    if (!signal.aborted) document.body.classList.remove("busy");
  }
}

function show(answer, milliseconds) {
  clear();
  page.view ??= { bitmap: null, ...answer.image };
  page.objects = answer.detections ?? [];
  results.list(page.objects, answer.classifications ?? [], light);
  results.time(answer.timings_ms, milliseconds);
  describe();
  redraw();
}

function refuse(sentence, code) {
  clear();
  page.waits = ["loading", "draining", "gone"].includes(code);
  by("error").textContent = sentence;
  by("error").hidden = false;
  redraw();
  if (page.waits) look();
}

function light(index) {
  if (page.lit === index) return;
  page.lit = index;
  results.stress(index);
  redraw();
}

function redraw() {
  by("canvas").hidden = !page.view;
  by("empty").hidden = Boolean(page.view);
  if (!page.view) return;
  const room = { width: by("stage").clientWidth, height: Math.max(240, window.innerHeight * 0.7) };
  draw(by("canvas"), room, page.view, page.objects, page.lit);
  const things = page.objects.map((object) => `${object.label} ${percent(object.score)}`).join(", ");
  by("canvas").setAttribute("aria-label", `${page.file.name}: ${things || "no boxes"}`);
}

/** Writes the request that the settings make. */
function write() {
  by("snippet").textContent = snippets[page.language](page.file ?? EXAMPLE, settings.given());
}

function takeFirst(files, origin) {
  if (files.length) take(files[0], origin);
}

by("file").addEventListener("change", ({ target }) => {
  takeFirst([...target.files], { onDisk: true });
  // So that the same file can be chosen again, after it was changed.
  target.value = "";
});
by("empty").addEventListener("click", () => by("file").click());
by("sample").addEventListener("click", async () => take(await drawSample(), { onDisk: false }));
document.addEventListener("paste", (event) => takeFirst(event.clipboardData.files, { onDisk: false }));
document.addEventListener("dragenter", ({ dataTransfer }) => (by("drop").hidden = !dataTransfer.types.includes("Files")));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("dragleave", ({ relatedTarget }) => (by("drop").hidden ||= !relatedTarget));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  by("drop").hidden = true;
  takeFirst(event.dataTransfer.files, { onDisk: true });
});

by("canvas").addEventListener("pointermove", ({ offsetX, offsetY }) => {
  const zoom = page.view.width / by("canvas").clientWidth;
  light(under(page.objects, offsetX * zoom, offsetY * zoom));
});
by("canvas").addEventListener("pointerleave", () => light(-1));

const tabs = [...by("languages").children];
function turnTo(tab) {
  for (const one of tabs) {
    one.setAttribute("aria-selected", String(one === tab));
    one.tabIndex = one === tab ? 0 : -1;
  }
  page.language = tab.id.replace("tab-", "");
  by("code").setAttribute("aria-labelledby", tab.id);
  write();
}
for (const tab of tabs) {
  tab.addEventListener("click", () => turnTo(tab));
  tab.addEventListener("keydown", ({ key }) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (!step) return;
    const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
    next.focus();
    turnTo(next);
  });
}

by("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(by("snippet").textContent);
  } catch {
    // Browsers offer the clipboard on https and localhost only; a selection can be copied everywhere.
    getSelection().selectAllChildren(by("snippet"));
    document.execCommand("copy");
  }
  by("copy").textContent = "Copied";
  setTimeout(() => (by("copy").textContent = "Copy"), 1500);
});

settings.listen(write, submit);
write();
new ResizeObserver(redraw).observe(by("stage"));
watch(
  (info) => {
    settings.configure(info);
    write();
  },
  () => page.waits && submit(),
);
