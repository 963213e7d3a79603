/* Keys: each finds the control that carries it. None of a single letter fires while text is typed. */
(() => {
  "use strict";

  const { $, $$, main, dialog, isTyping, announce, recall, keep, unfold } = Desk;
  const settings = { keys: true, ...recall("desk", {}) };

  /** The key as it is printed on the control: on a keyboard of another script, the key in the same place. */
  function keyOf(event) {
    if (event.key.length !== 1) return event.key.toLowerCase();
    if (event.key.charCodeAt(0) > 127 && event.code.startsWith("Key")) return event.code.slice(3).toLowerCase();
    return event.key.toLowerCase();
  }

  function find(key) {
    const open = dialog();
    const everywhere = $$(`[data-key="${CSS.escape(key)}"]`);
    if (open) return everywhere.find((each) => open.contains(each) || each.getAttribute("popovertarget") === open.id);
    return everywhere.find((each) => !each.closest("[popover]") && !each.closest("[inert]"));
  }

  function press(control) {
    if (control.matches("details")) control.open = !control.open;
    else if (control.matches(".scroll, textarea, input:not([type=radio], [type=checkbox])")) unfold(control).focus();
    else control.click();
    if (control.matches(".scroll")) control.closest(".pane").scrollIntoView({ block: "nearest" });
    if (control.matches("[type=radio]")) announce(_("{choice}, chosen", { choice: control.closest("label").lastElementChild.textContent }));
  }

  function onEnter(event) {
    const target = event.target;
    if (target.matches("a, button, summary, [type=checkbox]")) return;
    if (target.matches("textarea") && !(event.ctrlKey || event.metaKey)) return;
    const open = dialog();
    const control = find("enter");
    const form = $("form", open ?? undefined);
    if (!control && !(open && form)) return;
    event.preventDefault();
    if (event.repeat) return;
    if (control) control.click();
    else form.requestSubmit();
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.key === "Enter") return onEnter(event);
    if (isTyping(event.target)) {
      if (event.key === "Escape" && !dialog()) main().focus();
      return;
    }
    const chord = event.ctrlKey || event.altKey || event.metaKey;
    if (chord && !event.getModifierState("AltGraph")) return;
    if (!settings.keys || event.repeat || event.key === " ") return;
    const control = find(keyOf(event));
    if (!control) return void document.dispatchEvent(new Event("unused"));
    event.preventDefault();
    press(control);
  });

  /* ---- a person may switch single keys off, on this machine ---- */

  document.addEventListener("change", (event) => {
    if (event.target.id !== "single-keys") return;
    settings.keys = event.target.checked;
    keep("desk", settings);
  });
  /** Give each control the key that this person has for it, and print that one. */
  function remap() {
    const chosen = JSON.parse(main()?.dataset.keys || "{}");
    for (const control of $$("[data-key]")) {
      control.dataset.usual ??= control.dataset.key;
      const key = chosen[control.dataset.usual] ?? control.dataset.usual;
      if (key === control.dataset.key) continue;
      const printed = $("kbd", control.closest("label") ?? control.closest(".pane")?.querySelector("header") ?? control);
      if (printed) printed.textContent = key.toUpperCase();
      control.dataset.key = key;
    }
  }

  document.addEventListener("pair", () => {
    remap();
    const box = $("#single-keys");
    if (box) box.checked = settings.keys;
  });
})();
