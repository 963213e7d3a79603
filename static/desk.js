/* The desk: keys, and a decision that is never lost on its way. How a pair is read is in reading.js, which is told of each pair by the event "pair".
   Every control carries its own key in data-key; this script only finds it. Without this script the page still works. */
(() => {
  "use strict";

  const WAITS = [2, 4, 8, 15, 30]; // seconds before the next try; the last one repeats
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const desk = () => $("#desk");

  /* ---- what a person has set, on this machine ---- */

  const settings = { keys: true };
  try {
    Object.assign(settings, JSON.parse(localStorage.getItem("desk") ?? "{}"));
  } catch {
    /* storage is blocked or holds something else: the defaults do */
  }

  function set(name, value) {
    settings[name] = value;
    try {
      localStorage.setItem("desk", JSON.stringify(settings));
    } catch {
      /* it holds for this page only */
    }
    showSettings();
  }

  function showSettings() {
    const keys = $("#single-keys");
    if (keys) keys.checked = settings.keys;
  }

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

  /* ---- keys ---- */

  const isTyping = (element) => element.matches("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox], [type=button], [type=submit])");
  const dialog = () => $("[role=dialog]:popover-open");

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
    if (control.matches("[type=radio]")) announce(`${control.closest("label").lastElementChild.textContent}, chosen`);
  }

  /** On a narrow screen the words stand behind a chip: open it before they are written. */
  function unfold(control) {
    const more = $(".more input", control.form ?? undefined);
    if (more && control.closest(".say, .reasons") && more.offsetParent) more.checked = true;
    return control;
  }

  function onEnter(event) {
    const target = event.target;
    if (target.matches("a, button, summary, [type=checkbox]")) return;
    if (target.matches("textarea") && !(event.ctrlKey || event.metaKey)) return;
    const open = dialog();
    const control = find("enter");
    const form = $(open ? "#skip form" : "form.decide");
    if ((open && open.id !== "skip") || (!control && !form)) return;
    event.preventDefault();
    if (event.repeat) return;
    if (control) control.click();
    else form.requestSubmit();
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.key === "Enter") return onEnter(event);
    if (isTyping(event.target)) {
      if (event.key === "Escape" && !dialog()) desk().focus();
      return;
    }
    const chord = event.ctrlKey || event.altKey || event.metaKey;
    if (chord && !event.getModifierState("AltGraph")) return;
    if (!settings.keys || event.repeat || event.key === " ") return;
    const control = find(keyOf(event));
    if (!control) return;
    event.preventDefault();
    press(control);
  });

  /* ---- what is missing is said in the status line, where it moves nothing ---- */

  let told = false;
  document.addEventListener("invalid", (event) => {
    event.preventDefault();
    if (told) return;
    told = true;
    setTimeout(() => (told = false));
    const field = event.target;
    const missing = field.dataset.missing ?? field.validationMessage;
    unfold(field);
    if (isTyping(field)) field.focus();
    say(missing, "state warn");
  }, true);

  function showReadiness() {
    for (const form of $$("form.decide")) {
      const ready = [...form.elements].every((each) => each.validity?.valid ?? true);
      $(".primary", form).setAttribute("aria-disabled", !ready);
    }
  }

  /** Words that were written are not thrown away by one key: giving a pair back, or putting it aside, asks once. */
  document.addEventListener("submit", (event) => {
    const words = $("form.decide textarea, form.decide [name=rationale]")?.value.trim();
    const once = { "give-back": "You have written a reason. Give back", park: "You have written a rationale. Park" }[event.target.id];
    if (!once || !words || event.target.dataset.asked) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    event.target.dataset.asked = "yes";
    say(`${once} once more, and it goes with the pair.`, "state warn");
  }, true);

  /* ---- active seconds: with the pair on the screen and somebody there ---- */

  // Who sits still is taken to be reading, for as long as reading all the words once takes at the usual speed (Brysbaert 2019: 238 a minute), and for 30 s
  // at least. A coffee is taken out; and who reads without touching anything is never made out to be faster than a usual reader.
  const STILL = 30;
  const WORDS_A_SECOND = 4; // in scripts without spaces each character is a word, and is read about as fast
  const WORD = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|[^\s\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]+/g;

  const reading = { active: 0, since: null, still: STILL }; // seconds; `since` is when somebody was last there, null while nothing is on the screen
  const seconds = () => $("form.decide [name=active_seconds]");
  const now = () => performance.now() / 1000;

  function count() {
    if (reading.since !== null) reading.active += Math.min(now() - reading.since, reading.still);
    reading.since = seconds() && document.visibilityState === "visible" ? now() : null;
  }

  function beginToCount() {
    const words = $$(".prompt .cooked, .pane .cooked").map((text) => text.textContent.match(WORD)?.length ?? 0);
    reading.still = Math.max(STILL, words.reduce((a, b) => a + b, 0) / WORDS_A_SECOND);
    reading.active = Number(seconds()?.value) || countedBefore();
    reading.since = null;
    count();
  }

  /** A reload, or a tab that the system put to sleep, does not begin at nothing again. */
  function countedBefore() {
    try {
      const [pair, active] = JSON.parse(sessionStorage.getItem("active") ?? "[]");
      return pair === seconds()?.form.action ? active : 0;
    } catch {
      return 0;
    }
  }

  function keepCount() {
    if (!seconds()) return;
    try {
      sessionStorage.setItem("active", JSON.stringify([seconds().form.action, reading.active]));
    } catch {
      /* it holds for this page only */
    }
  }

  for (const sign of ["pointermove", "pointerdown", "keydown", "wheel", "touchmove", "scroll"]) {
    document.addEventListener(sign, count, { capture: true, passive: true });
  }
  document.addEventListener("visibilitychange", () => {
    count();
    if (document.visibilityState === "hidden") keepCount();
  });
  document.addEventListener("submit", (event) => {
    if (event.target !== seconds()?.form || kept) return; // a decision that is kept was made when it was first sent
    count();
    seconds().value = reading.active.toFixed(1);
  }, true);

  /* ---- a decision on its way: kept on the screen until the server says it is stored ---- */

  let kept = null; // { form, tries, timer, renewed }

  function hold(form) {
    if (kept?.form !== form) kept = { form, tries: 0, timer: 0, renewed: false };
    clearTimeout(kept.timer);
    for (const part of $$(".scale, .reasons, .say, fieldset", form)) part.inert = true;
  }

  function release() {
    if (!kept) return;
    clearTimeout(kept.timer);
    for (const part of $$("[inert]", kept.form)) part.inert = false;
    kept = null;
  }

  function send() {
    if (!kept?.form.isConnected) return;
    clearTimeout(kept.timer);
    kept.form.requestSubmit();
  }

  function tryLater(form, words, look) {
    hold(form);
    const wait = WAITS[Math.min(kept.tries, WAITS.length - 1)];
    kept.tries += 1;
    kept.timer = setTimeout(send, wait * 1000);
    say(`${words} Trying again in ${wait} s.`, `state ${look}`, button("Try now", send));
  }

  function lostLine(form) {
    tryLater(form, "No connection. Your decision is kept here and goes out when the line is back.", "warn");
  }

  /** Signed out, or the form's token is of an earlier session: the page itself has a fresh token once the person is signed in. */
  async function renew(form) {
    const page = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    const fresh = new DOMParser().parseFromString(await page.text(), "text/html");
    const token = $("#desk input[name=csrfmiddlewaretoken]", fresh)?.value;
    if (!token) return false;
    for (const input of $$("input[name=csrfmiddlewaretoken]")) input.value = token;
    return form.isConnected;
  }

  async function signedOut(form) {
    hold(form);
    try {
      if (!kept.renewed && (await renew(form))) {
        kept.renewed = true;
        return send();
      }
    } catch {
      return lostLine(form);
    }
    if (kept.renewed) return refuse(form, "Not stored: you may not decide this pair any more.");
    say("You are signed out. Your decision is kept here: sign in, come back to this page, and it goes out.", "state warn", link("Sign in", location.href), button("Try now", send));
    return undefined;
  }

  function refuse(form, words) {
    hold(form);
    release();
    const next = button("Show the next pair", () => location.reload());
    const wrote = $$("textarea, [name=rationale], [name=note]", form).some((field) => field.value.trim());
    say(wrote ? `${words} What you wrote is still here, to be copied.` : words, "state bad", next);
  }

  const decision = (event) => (event.detail.requestConfig?.elt ?? event.detail.elt)?.closest?.("#desk form");

  function onAnswer(event) {
    const form = decision(event);
    const code = event.detail.xhr.status;
    if (!form) return undefined;
    if (code === 401 || code === 403) return signedOut(form);
    if (code === 409) return refuse(form, `Not stored: ${event.detail.xhr.responseText.slice(0, 200)}`);
    if (code === 404 || code === 410) return refuse(form, "Not stored: this pair is not yours any more.");
    if (code === 429 || code >= 500) return tryLater(form, "Not stored: the server did not answer.", "bad");
    return refuse(form, "Not stored: the server did not understand the form.");
  }

  let slow = 0;
  let rubricWasOpen = false;

  const listeners = {
    "htmx:beforeRequest": (event) => {
      const form = decision(event);
      if (!form) return;
      $("#skip:popover-open")?.hidePopover();
      slow = setTimeout(() => say("Storing …", "state calm"), 200);
    },
    "htmx:afterRequest": () => clearTimeout(slow),
    "htmx:sendError": (event) => decision(event) && lostLine(decision(event)),
    "htmx:timeout": (event) => decision(event) && tryLater(decision(event), "Not stored: the server did not answer.", "bad"),
    "htmx:responseError": onAnswer,
    "htmx:beforeSwap": (event) => {
      const form = decision(event);
      if (!form || !event.detail.shouldSwap) return;
      if (event.detail.xhr.responseText.includes('id="desk"')) {
        rubricWasOpen = Boolean($("#rubric:popover-open"));
        return;
      }
      event.detail.shouldSwap = false; // a sign-in page came instead of a pair
      signedOut(form);
    },
    "htmx:afterSwap": (event) => {
      if (event.target.id !== "desk") return; // it is also told of what came out of band
      kept = null;
      begin();
    },
  };

  /* ---- each pair begins alike ---- */

  function begin() {
    if (rubricWasOpen) $("#rubric")?.showPopover();
    rubricWasOpen = false;
    showSettings();
    showReadiness();
    beginToCount();
    document.dispatchEvent(new Event("pair"));
    scrollTo(0, 0);
    desk()?.focus({ preventScroll: true });
    const news = $("#news")?.textContent.replace(/\s+/g, " ").trim();
    if (news) announce(news);
  }

  for (const [name, act] of Object.entries(listeners)) document.addEventListener(name, act);
  document.addEventListener("change", (event) => {
    if (event.target.id === "single-keys") set("keys", event.target.checked);
  });
  for (const name of ["input", "change"]) document.addEventListener(name, showReadiness);
  addEventListener("online", send);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && send());
  addEventListener("beforeunload", (event) => kept && event.preventDefault());

  document.documentElement.toggleAttribute("data-script", true);
  begin();
})();
