"use strict";
// Filters only: without this script the page shows everything.
const form = document.querySelector(".filters");
const rows = [...document.querySelectorAll("tr[data-method]")];
const { text, method, who, may, shown } = form.elements;
const fits = (row) => {
  const word = text.value.trim().toLowerCase();
  if (word && !row.querySelector("code").textContent.toLowerCase().includes(word)
    && !row.querySelector(".asks").textContent.toLowerCase().includes(word)) return false;
  if (method.value && row.dataset.method !== method.value) return false;
  return who.value === "" || (row.dataset.may[Number(who.value)] === "1") === (may.value === "allow");
};
const apply = () => {
  let count = 0;
  for (const row of rows) {
    row.hidden = !fits(row);
    if (!row.hidden) count += 1;
  }
  for (const group of document.querySelectorAll("tbody")) {
    group.hidden = !group.querySelector("tr[data-method]:not([hidden])");
  }
  shown.value = `${count} of ${rows.length} routes`;
  document.querySelector(".none").hidden = count > 0;
};
form.hidden = false;
form.addEventListener("input", apply);
form.addEventListener("submit", (event) => event.preventDefault());
apply();
