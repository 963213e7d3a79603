/* What the desk's scripts share: finding things, saying things in the status line, and what is kept on this machine.
   Every control carries its own key in data-key. Without these scripts the page still works. The event "pair" tells of each pair that comes. */
const Desk = (() => {
  "use strict";

  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const main = () => $("#desk");
  const form = () => $("form.decide");
  const dialog = () => $("[role=dialog]:popover-open");
  const isTyping = (element) => element.matches("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox], [type=button], [type=submit])");

  /* ---- news: the status line for eyes, a region that outlives the pair for ears ---- */

  function announce(text) {
    const live = $("#live");
    if (live) live.textContent = text;
  }

  function say(text, look, ...actions) {
    const news = $("#news");
    if (!news) return;
    const words = document.createElement("span");
    words.className = look;
    words.textContent = text;
    news.replaceChildren(words, ...actions);
    announce(text);
  }

  function button(words, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "plain";
    made.textContent = words;
    made.addEventListener("click", act);
    return made;
  }

  function link(words, url) {
    const made = document.createElement("a");
    made.href = url;
    made.target = "_blank";
    made.textContent = words;
    return made;
  }

  /* ---- what is kept on this machine: where storage is blocked, it holds for this page only ---- */

  function recall(name, otherwise, store = () => localStorage) {
    try {
      return JSON.parse(store().getItem(name)) ?? otherwise;
    } catch {
      return otherwise;
    }
  }

  function keep(name, value, store = () => localStorage) {
    try {
      if (value === null) store().removeItem(name);
      else store().setItem(name, JSON.stringify(value));
    } catch {
      /* blocked, or full */
    }
  }

  /* ---- a form and what stands in it ---- */

  const said = (from) => new URLSearchParams(new FormData(from));

  /** Put back what stood in a form; its token stays that of this page. */
  function fill(into, words) {
    for (const field of into.elements) {
      if (!field.name || field.name === "csrfmiddlewaretoken") continue;
      if (field.matches("[type=radio], [type=checkbox]")) field.checked = words.getAll(field.name).includes(field.value);
      else field.value = words.get(field.name) ?? "";
    }
    into.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** On a narrow screen the words stand behind a chip: open it before they are written. */
  function unfold(control) {
    const more = $(".more input", control.form ?? undefined);
    if (more && control.closest(".say, .reasons") && more.offsetParent) more.checked = true;
    if (control.closest("#criteria")) $("#criteria").showPopover();
    return control;
  }

  return { $, $$, main, form, dialog, isTyping, announce, say, button, link, recall, keep, said, fill, unfold };
})();
