// Elements of the page, found by id or made anew. Texts are never read as HTML.

export const by = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}
