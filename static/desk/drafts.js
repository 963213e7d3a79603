/* What is typed is saved on the server while it is typed; and on this machine, as long as the server has not said that it is. */
(() => {
  "use strict";

  const { $, main, form, said, fill, recall, keep } = Desk;
  const PAUSE = 700; // milliseconds without a key, after which it is saved

  let timer = 0;
  let saved = ""; // what the server has
  let saving = Promise.resolve();

  const words = (from) => {
    const all = said(from);
    for (const name of ["csrfmiddlewaretoken", "active_seconds", "submission_key"]) all.delete(name);
    return [...all].filter(([, value]) => value).join("\n");
  };

  function onTyped(event) {
    const from = form();
    if (!from?.dataset.draft || event.target.form !== from || words(from) === saved) return;
    keep("draft", { who: main().dataset.who, action: from.action, words: said(from).toString() });
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE);
  }

  /** Save what is typed now, and wait until it is. A line that is down is no failure: this machine has it. */
  function save({ last = false } = {}) {
    clearTimeout(timer);
    timer = 0;
    const from = form();
    if (!from?.dataset.draft || from.dataset.kept || words(from) === saved) return saving;
    document.dispatchEvent(new Event("typed"));
    const [now, body, { action }] = [words(from), said(from), from];
    saving = fetch(from.dataset.draft, { method: "POST", body, headers: { "HX-Request": "true" }, credentials: "same-origin", keepalive: last, redirect: "error" })
      .then((answer) => answer.status === 204 && from.action === action && onSaved(from, now))
      .catch(() => undefined);
    return saving;
  }

  function onSaved(from, now) {
    if (!from.isConnected) return;
    saved = now;
    if (words(from) === now) keep("draft", null);
    const hint = $("#kept");
    if (hint) hint.textContent = _("Draft kept {time}", { time: new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }) });
  }

  function begin() {
    clearTimeout(timer);
    const [from, hint] = [form(), $("#kept")];
    if (hint) hint.textContent = "";
    if (!from?.dataset.draft) return;
    saved = words(from);
    const left = recall("draft", {});
    if (left.action !== from.action || left.who !== main().dataset.who) return;
    fill(from, new URLSearchParams(left.words));
    timer = setTimeout(save, PAUSE);
  }

  for (const name of ["input", "change"]) document.addEventListener(name, onTyped);
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && save({ last: true }));
  addEventListener("online", () => save());
  document.addEventListener("pair", begin);
  Desk.saveDraft = save;
  Desk.dropDraft = () => {
    clearTimeout(timer);
    keep("draft", null);
  };
})();
