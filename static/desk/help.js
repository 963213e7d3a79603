/* The list of keys: made from the controls that carry them, when it is asked for. */
(() => {
  "use strict";

  const { $, $$ } = Desk;
  const ALWAYS = { reading: [[_("Space"), _("Scroll on")]], why: [["Esc", _("Come back from writing")], ["Ctrl ↵", _("Send from a longer text")]] };
  const NAMES = { deciding: _("Decide"), why: _("Say why"), reading: _("Read") };

  function groupOf(control) {
    if (control.closest(".reasons, .say") || control.matches("[data-mark], [popovertarget=ask], [popovertarget=report]")) return "why";
    return control.closest(".tools, .prompt, .panes") ? "reading" : "deciding";
  }

  function nameOf(control) {
    if (control.dataset.says ?? control.ariaLabel) return control.dataset.says ?? control.ariaLabel;
    const words = (control.closest("label") ?? control).cloneNode(true);
    for (const part of words.querySelectorAll("kbd, .vh, input")) part.remove();
    return words.textContent.replace(/\s+/g, " ").trim();
  }

  const isThere = (control) => !control.closest("[popover]") && !control.hidden;

  function list() {
    const groups = { deciding: [], why: [], reading: [] };
    for (const control of $$("[data-key]").filter(isThere)) {
      const key = control.dataset.key;
      groups[groupOf(control)].push([key === "enter" ? "↵" : key.toUpperCase(), nameOf(control)]);
    }
    for (const [group, more] of Object.entries(ALWAYS)) groups[group].push(...more);
    $("#keys-list").replaceChildren(...Object.entries(groups).map(([group, keys]) => column(NAMES[group], keys)));
  }

  function column(group, keys) {
    const made = document.createElement("div");
    const [name, entries] = [document.createElement("h3"), document.createElement("dl")];
    name.textContent = group;
    for (const [key, does] of keys) {
      const [term, cap, words] = ["dt", "kbd", "dd"].map((tag) => document.createElement(tag));
      cap.textContent = key;
      words.textContent = does;
      term.append(cap);
      entries.append(term, words);
    }
    made.append(name, entries);
    return made;
  }

  document.addEventListener("beforetoggle", (event) => event.target.id === "help" && event.newState === "open" && list(), true);
})();
