"use strict";
// Filters and finding one's way only: without this script the page shows everything.
const form = document.querySelector(".filters");
const table = document.querySelector("table");
const detail = document.querySelector(".detail");
const heads = [...table.querySelectorAll("thead th.who")];
const groups = [...table.tBodies];
const rows = [...table.querySelectorAll("tr[data-method]")].map((row) => ({
  row,
  cells: [...row.querySelectorAll("td.sign")],
  may: row.dataset.may,
  resource: row.parentElement.dataset.resource,
  words: [...row.querySelectorAll("code, .asks, .where")].map((part) => part.textContent.toLowerCase()),
}));
const { text, method, resource, who, may, shown } = form.elements;
const columns = [...form.querySelectorAll("[name=column]")];

const fits = (one, word) =>
  one.words.some((words) => words.includes(word))
  && (!method.value || one.row.dataset.method === method.value)
  && (!resource.value || one.resource === resource.value)
  && (!who.value || may.value.includes(one.may[Number(who.value)]));

const apply = () => {
  const word = text.value.trim().toLowerCase();
  const counts = heads.map(() => 0);
  let count = 0;
  for (const one of rows) {
    one.row.hidden = !fits(one, word);
    if (one.row.hidden) continue;
    count += 1;
    [...one.may].forEach((answer, column) => { counts[column] += answer === "0" ? 0 : 1; });
  }
  for (const group of groups) {
    const left = group.querySelectorAll("tr[data-method]:not([hidden])").length;
    group.hidden = left === 0;
    group.querySelector(".count").textContent = left;
  }
  heads.forEach((head, column) => { head.querySelector(".count").textContent = `${counts[column]} of ${count}`; });
  shown.value = `${count} of ${rows.length} routes`;
  document.querySelector(".none").hidden = count > 0;
  for (const box of columns) {
    for (const cell of table.querySelectorAll(`[data-column="${box.value}"]`)) cell.hidden = !box.checked;
  }
  for (const group of groups) {
    group.querySelector(".group td").colSpan = 1 + columns.filter((box) => box.checked).length;
  }
  reach();
};

// The filters stand behind the `#` of the address, so that a view can be bookmarked and passed on.
const fields = [[text, ""], [method, ""], [resource, ""], [who, ""], [may, "1b"]];
const remember = () => {
  const view = new URLSearchParams();
  for (const [field, initial] of fields) if (field.value !== initial) view.set(field.name, field.value);
  for (const box of columns) if (!box.checked) view.append("without", box.value);
  // Where a page is shown inside another one, its address may not be its own to change.
  try { history.replaceState(null, "", `#${view}`); } catch { /* The filters work all the same. */ }
};
const recall = () => {
  const view = new URLSearchParams(location.hash.slice(1));
  for (const [field, initial] of fields) {
    field.value = view.get(field.name) ?? initial;
    // A choice that there is none of here.
    if (field.selectedIndex === -1) field.value = initial;
  }
  const without = view.getAll("without");
  for (const box of columns) box.checked = !without.includes(box.value);
  apply();
};

// One sign of the table is reached with the Tab key, the others from there with the arrow keys.
let current = null;
const seen = () => rows.filter((one) => !one.row.hidden).map((one) => one.cells.filter((cell) => !cell.hidden));
const reach = (cell) => {
  const cells = seen();
  const next = cell ?? (cells.flat().includes(current) ? current : cells[0]?.[0]);
  if (current) current.tabIndex = -1;
  current = next ?? null;
  if (current) current.tabIndex = 0;
};
const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
table.addEventListener("keydown", (event) => {
  const cells = seen();
  const line = cells.findIndex((cells) => cells.includes(event.target));
  if (line < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
  const column = cells[line].indexOf(event.target);
  let next;
  if (steps[event.key]) next = cells[line + steps[event.key][0]]?.[column + steps[event.key][1]];
  else if (event.key === "Home") next = cells[line][0];
  else if (event.key === "End") next = cells[line].at(-1);
  else return;
  event.preventDefault();
  if (next) { reach(next); next.focus(); }
});
const tell = (cell) => {
  detail.hidden = !cell;
  if (cell) detail.textContent = `${cell.parentElement.querySelector("th").firstChild.textContent} ${
    cell.parentElement.querySelector("code").textContent} · ${cell.title}`;
};
table.addEventListener("focusin", (event) => {
  const cell = event.target.closest("td.sign");
  if (cell) reach(cell);
  tell(cell);
});
table.addEventListener("focusout", () => tell(null));
table.addEventListener("click", (event) => event.target.closest("td.sign")?.focus());

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, select");
  if (event.key === "/" && !typing) { event.preventDefault(); text.focus(); text.select(); }
  if (event.key === "Escape") form.reset();
});
form.addEventListener("input", () => { apply(); remember(); });
// The fields are reset after the event.
form.addEventListener("reset", () => setTimeout(() => { apply(); remember(); }));
form.addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", recall);
for (const one of rows) for (const cell of one.cells) cell.tabIndex = -1;
table.setAttribute("role", "grid");
form.hidden = false;
document.querySelector(".keys").hidden = false;
recall();
