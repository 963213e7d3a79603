/* Reading a pair: both panes move together, and texts are shown letter for letter where that is asked for.
   Works on what stands in the panes and knows nothing of deciding; desk.js tells of each new pair by the event "pair". */
(() => {
  "use strict";

  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

  /* ---- what a person has set, on this machine ---- */

  const settings = { linked: true, raw: false };
  try {
    Object.assign(settings, JSON.parse(localStorage.getItem("reading") ?? "{}"));
  } catch {
    /* storage is blocked or holds something else: the defaults do */
  }

  function set(name, value) {
    settings[name] = value;
    try {
      localStorage.setItem("reading", JSON.stringify(settings));
    } catch {
      /* it holds for this page only */
    }
    show();
  }

  function show() {
    $("#link-tool")?.setAttribute("aria-pressed", settings.linked);
    $("#raw-tool")?.setAttribute("aria-pressed", settings.raw);
    document.documentElement.toggleAttribute("data-raw", settings.raw);
  }

  /* ---- both panes move together, in proportion ---- */

  const scrollers = () => $$(".pane .scroll");
  const room = (pane) => pane.scrollHeight - pane.clientHeight;
  const placed = new WeakMap(); // where this script put a pane, so that its own scrolling is not followed back

  function follow(pane) {
    if (!settings.linked || Math.abs((placed.get(pane) ?? -9) - pane.scrollTop) < 2) {
      placed.delete(pane);
      return;
    }
    placed.delete(pane);
    const other = scrollers().find((each) => each !== pane);
    if (!other || room(pane) < 1 || room(other) < 1) return;
    const top = Math.round((pane.scrollTop / room(pane)) * room(other));
    if (Math.abs(other.scrollTop - top) < 1) return;
    placed.set(other, top);
    other.scrollTop = top;
  }

  function scrollOn(event) {
    const steps = { ArrowDown: 40, ArrowUp: -40, PageDown: 0.9, PageUp: -0.9, " ": event.shiftKey ? -0.9 : 0.9, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    const panes = scrollers().filter((pane) => room(pane) > 0);
    if (step === undefined || !panes.length) return false;
    const moved = settings.linked ? [panes.reduce((a, b) => (room(b) > room(a) ? b : a))] : panes;
    for (const pane of moved) {
      const by = Math.abs(step) < 1 ? step * pane.clientHeight : step;
      pane.scrollTop = Math.min(Math.max(pane.scrollTop + by, 0), room(pane));
    }
    return true;
  }

  const isAtRest = (element) => element === document.body || element === $("#desk");

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (isAtRest(event.target) && !$("[role=dialog]:popover-open") && scrollOn(event)) event.preventDefault();
  });
  document.addEventListener("scroll", (event) => event.target.matches?.(".pane .scroll") && follow(event.target), { capture: true, passive: true });
  document.addEventListener("click", (event) => {
    if (event.target.closest("#link-tool")) set("linked", !settings.linked);
    if (event.target.closest("#raw-tool")) set("raw", !settings.raw);
  });
  document.addEventListener("pair", show);
  show();
})();
