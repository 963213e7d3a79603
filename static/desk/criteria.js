/* Criteria are judged one after the other: the keys of the scale belong to the one whose turn it is. */
(() => {
  "use strict";

  const { $, $$ } = Desk;
  const rows = () => $$("#criteria .criterion");
  const isJudged = (row) => Boolean($(":checked", row));
  let current = 0;

  /** Give a row the keys of the scale, as a person has them, and take them from the others. */
  function turnTo(index) {
    current = index;
    const scale = $$(".scale .seg input").map((step) => step.dataset.key);
    rows().forEach((row, number) => {
      row.toggleAttribute("data-current", number === index);
      $$("input", row).forEach((step, place) => {
        if (number === index) step.dataset.key = scale[place];
        else ["key", "usual"].forEach((name) => delete step.dataset[name]);
        $("kbd", step.parentElement).textContent = scale[place];
      });
    });
  }

  function tell() {
    const judged = $("#judged");
    if (judged) judged.textContent = _("{done} of {all}", { done: rows().filter(isJudged).length, all: rows().length });
  }

  document.addEventListener("beforetoggle", (event) => {
    if (event.target.id !== "criteria" || event.newState !== "open") return;
    const first = rows().findIndex((row) => !isJudged(row));
    turnTo(first < 0 ? 0 : first);
  }, true);
  document.addEventListener("change", (event) => {
    tell();
    const row = event.target.closest?.("#criteria .criterion");
    if (!row) return;
    const next = rows().indexOf(row) + 1;
    if (next < rows().length) turnTo(next);
    else if (rows().every(isJudged)) $("#criteria").hidePopover();
  });
  document.addEventListener("pair", () => {
    turnTo(-1);
    tell();
  });
})();
