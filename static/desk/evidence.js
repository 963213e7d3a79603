/* Evidence: a passage that was selected in a pane is marked there, and goes with the decision. The server finds it in the text as it is stored. */
(() => {
  "use strict";

  const { $, $$, form, say, dialog } = Desk;
  const BEFORE = 120; // characters before a passage that go with it, to tell one place from another
  const MOST = 20;

  const field = () => $("form.decide [name=evidence]");
  const marks = () => {
    try {
      return JSON.parse(field()?.value || "[]");
    } catch {
      return [];
    }
  };
  const shownOf = (side, raw) => $(`#${side} .response ${raw ? ".letters" : ".cooked"}`) ?? $(`#${side} ${raw ? ".letters" : ".cooked"}`);

  function store(found) {
    field().value = found.length ? JSON.stringify(found) : "";
    field().dispatchEvent(new Event("input", { bubbles: true }));
    draw();
  }

  /* ---- a selection, as a mark: its words, what stands before them, and where it is on the screen ---- */

  function selected() {
    const selection = getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return null;
    const range = selection.getRangeAt(0);
    for (const side of ["left", "right"]) {
      for (const raw of [false, true]) {
        const shown = shownOf(side, raw);
        if (shown?.contains(range.startContainer) && shown.contains(range.endContainer) && range.toString().trim()) return markOf(side, raw, shown, range);
      }
    }
    return null;
  }

  function markOf(side, raw, shown, range) {
    const lead = document.createRange();
    lead.setStart(shown, 0);
    lead.setEnd(range.startContainer, range.startOffset);
    const from = lead.toString().length;
    const quote = range.toString();
    return { side, quote, before: lead.toString().slice(-BEFORE), at: [from, from + quote.length], raw };
  }

  function mark() {
    const one = selected();
    if (!one) return say(_("Select some of a response first: then M marks it as evidence."), "state warn");
    const found = marks();
    if (found.length >= MOST) return say(_("{most} passages are marked, which is all there can be.", { most: MOST }), "state warn");
    if (one.quote.length > 5000) return say(_("That is too long a passage to be evidence."), "state warn");
    getSelection().removeAllRanges();
    store([...found, one]);
    const where = one.side === "left" ? _("Marked as evidence, left.") : _("Marked as evidence, right.");
    return say(where, "toast", Desk.button(_("Take it off"), () => store(marks().slice(0, -1))));
  }

  /* ---- marks, on the text ---- */

  /** Return the stretch of what is shown from one character to another. */
  function rangeOf(shown, [from, to]) {
    const range = document.createRange();
    const walker = document.createTreeWalker(shown, NodeFilter.SHOW_TEXT);
    let passed = 0;
    let begun = false;
    while (walker.nextNode()) {
      const length = walker.currentNode.data.length;
      if (!begun && passed + length > from) {
        range.setStart(walker.currentNode, from - passed);
        begun = true;
      }
      if (begun && passed + length >= to) {
        range.setEnd(walker.currentNode, to - passed);
        return range;
      }
      passed += length;
    }
    return null;
  }

  const letters = (text) => [...text.matchAll(/[\p{L}\p{N}]/gu)];

  /** A passage that comes back from the server has no place on the screen yet: look for its letters, after those that stood before it. */
  function placeOf(shown, { quote, before = "" }) {
    const all = letters(shown.textContent);
    const text = all.map((found) => found[0]).join("");
    const [wanted, lead] = [quote, before].map((words) => letters(words).map((found) => found[0]).join(""));
    const after = lead && text.indexOf(lead.slice(-40) + wanted);
    const start = after > -1 && lead ? after + Math.min(lead.length, 40) : text.indexOf(wanted);
    if (!wanted || start < 0) return null;
    const ends = [...text.slice(0, start)].length;
    const last = all[ends + [...wanted].length - 1];
    return [all[ends].index, last.index + last[0].length];
  }

  function draw() {
    const found = marks();
    for (const count of $$("[data-mark] .n")) count.textContent = found.length ? ` · ${found.length}` : "";
    for (const button of $$("[data-unmark]")) button.hidden = !found.length;
    if (!CSS.highlights) return;
    CSS.highlights.delete("evidence");
    const ranges = found.map((one) => {
      const shown = shownOf(one.side, one.raw);
      const at = shown && (one.at ?? placeOf(shown, one));
      return at ? rangeOf(shown, at) : null;
    }).filter(Boolean);
    if (ranges.length) CSS.highlights.set("evidence", new Highlight(...ranges));
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-mark]")) mark();
    if (event.target.closest("[data-unmark]")) store([]);
  });
  document.addEventListener("mousedown", (event) => event.target.closest("[data-mark]") && event.preventDefault()); // the selection stays
  document.addEventListener("change", (event) => event.target === form() && draw());
  document.addEventListener("pair", draw);
})();
