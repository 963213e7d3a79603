/* A decision on its way: kept on the screen, and on this machine, until the server says that it is stored. The answer to it is the next pair. */
(() => {
  "use strict";

  const { $, $$, main, form: decide, say, announce, button, link, recall, keep, said, fill } = Desk;
  const WAITS = [2, 4, 8, 15, 30]; // seconds before the next try; the last one repeats
  const PATIENCE = 20; // seconds without an answer
  const windows = "BroadcastChannel" in window ? new BroadcastChannel("desk") : null;

  let kept = null; // { form, tries, timer, renewed }
  let sent = null; // the form on its way
  let meanwhile = {}; // what was pressed while it was: { takesBack, unused }
  let focused = null;

  /* ---- what waits on this machine, for a page that was closed or reloaded before the answer came ---- */

  const remember = (form) => form === decide() && keep("decision", { who: main().dataset.who, action: form.action, words: said(form).toString() });
  const forget = (action) => recall("decision", {}).action === action && keep("decision", null);

  /** A decision that was sent, and of which no answer came, goes out again with the same key: the server stores it once. */
  async function goOnWith(left) {
    const form = decide();
    if (form?.action === left.action) {
      fill(form, new URLSearchParams(left.words));
      return send(form);
    }
    const words = new URLSearchParams(left.words);
    words.set("csrfmiddlewaretoken", $("#desk input[name=csrfmiddlewaretoken]")?.value ?? "");
    try {
      const answer = await post(left.action, words);
      if (answer.status === 429 || answer.status >= 500) return undefined;
      forget(left.action);
      if (answer.ok && !answer.redirected) say(_("Your decision from before has arrived, and is stored."), "toast");
    } catch {
      /* the line is still down: it stays here until the next pair */
    }
    return undefined;
  }

  /* ---- out ---- */

  const post = (action, body) =>
    fetch(action, { method: "POST", body, headers: { "HX-Request": "true", ...Desk.has() }, credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE * 1000) });

  async function send(form) {
    if (sent) return note(form);
    if (!form.isConnected) return undefined;
    sent = form;
    clearTimeout(kept?.timer);
    form.closest("[popover]")?.hidePopover();
    const slow = setTimeout(showSlow, 200);
    let answered = null;
    try {
      const answer = await (form === decide() ? posted(form) : postedAfterDraft(form));
      answered = [answer, await answer.text()];
    } catch {
      /* no whole answer came */
    }
    clearTimeout(slow);
    sent = null;
    if (answered) return take(form, ...answered);
    thaw();
    return lostLine(form);
  }

  /** Send first, and change the page while it is on its way. */
  function posted(form) {
    const answer = post(form.action, said(form));
    remember(form);
    freeze();
    return answer;
  }

  async function postedAfterDraft(form) {
    freeze();
    await Promise.race([Desk.saveDraft(), new Promise((done) => setTimeout(done, 2000))]);
    return post(form.action, said(form));
  }

  function showSlow() {
    decide()?.toggleAttribute("data-slow", true);
    say(_("Storing …"), "state calm");
  }

  /* ---- while it is on its way: no key or click changes what was sent, and none judges a pair that nobody has seen ---- */

  const judging = (within) => $$(".scale, .reasons, .say, fieldset", within);

  function freeze() {
    meanwhile = {};
    focused = main().contains(document.activeElement) ? document.activeElement : null;
    decide()?.setAttribute("aria-busy", "true");
    for (const part of judging(main())) part.inert = true;
  }

  function thaw() {
    decide()?.removeAttribute("aria-busy");
    decide()?.removeAttribute("data-slow");
    for (const part of judging(main())) part.inert = false;
    if (focused?.isConnected && document.activeElement === document.body) focused.focus({ preventScroll: true });
  }

  /** Enter twice is once. Taking back is meant for what was just sent; anything else is told. */
  function note(form) {
    if (form.id === "undo") meanwhile.takesBack = true;
    else if (form !== sent) meanwhile.unused = true;
  }

  function afterwards() {
    const undo = $("#undo");
    if (meanwhile.takesBack && undo) return undo.requestSubmit();
    if (!meanwhile.unused && !meanwhile.takesBack) return undefined;
    const told = document.createElement("span");
    told.className = "state warn";
    told.textContent = _("What you pressed before this was on the screen was not used.");
    return $("#news")?.append(told);
  }

  const lostLine = (form) => tryLater(form, _("No connection. Your decision is kept here and goes out when the line is back."), "warn");

  function hold(form) {
    if (kept?.form !== form) kept = { form, tries: 0, timer: 0, renewed: false };
    clearTimeout(kept.timer);
    form.dataset.kept = "yes";
    for (const part of judging(form)) part.inert = true;
  }

  function release() {
    if (!kept) return;
    clearTimeout(kept.timer);
    delete kept.form.dataset.kept;
    for (const part of $$("[inert]", kept.form)) part.inert = false;
    kept = null;
  }

  const again = () => kept?.form.isConnected && send(kept.form);

  function tryLater(form, words, look) {
    hold(form);
    const wait = WAITS[Math.min(kept.tries, WAITS.length - 1)];
    kept.tries += 1;
    kept.timer = setTimeout(again, wait * 1000);
    say(_("{words} Trying again in {wait} s.", { words, wait }), `state ${look}`, button(_("Try now"), again));
  }

  /* ---- back ---- */

  function take(form, answer, text) {
    const code = answer.status;
    const page = new DOMParser().parseFromString(text, "text/html");
    if ((answer.ok || code === 422) && $("#desk", page)) return show(form, page, code); // all that was frozen goes
    thaw();
    if (answer.ok || code === 401 || code === 403) return signedOut(form); // ok: a sign-in page came instead of a pair
    if (code === 409) return refuse(form, _("Not stored: {why}", { why: text.slice(0, 200) }));
    if (code === 404 || code === 410) return refuse(form, _("Not stored: this pair is not yours any more."));
    if (code === 429 || code >= 500) return tryLater(form, _("Not stored: the server did not answer."), "bad");
    return refuse(form, _("Not stored: the server did not understand the form."));
  }

  function show(form, page, code) {
    forget(form.action);
    if (form === decide() && code === 200) {
      Desk.dropDraft();
      windows?.postMessage({ who: main().dataset.who, action: form.action });
    }
    kept = null;
    Desk.changeTo($("#desk", page));
    const progress = $("#progress", page);
    if (progress) $("#progress")?.replaceWith(progress);
    begin();
    if (code === 200) afterwards();
  }

  /** Signed out, or the form's token is of an earlier session: the page itself has a fresh token once the person is signed in. */
  async function signedOut(form) {
    hold(form);
    if (kept.renewed) return refuse(form, _("Not stored: you may not decide this pair any more."));
    const { action } = form;
    const isRenewed = await renew().catch(() => null);
    if (kept?.form !== form || form.action !== action || kept.renewed) return undefined; // by now it is another pair, or was sent again
    if (isRenewed === null) return lostLine(form);
    if (isRenewed) {
      kept.renewed = true;
      return send(form);
    }
    const words = _("You are signed out. Your decision is kept here: sign in, come back to this page, and it goes out.");
    say(words, "state warn", link(_("Sign in"), location.href), button(_("Try now"), again));
    return undefined;
  }

  /** Put the token of a fresh page into the forms, and return whether there was one. */
  async function renew() {
    const page = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE * 1000) });
    const fresh = new DOMParser().parseFromString(await page.text(), "text/html");
    const token = $("#desk input[name=csrfmiddlewaretoken]", fresh)?.value;
    if (!token) return false;
    for (const input of $$("input[name=csrfmiddlewaretoken]")) input.value = token;
    return true;
  }

  function refuse(form, words) {
    hold(form);
    release();
    forget(form.action);
    const next = button(_("Show the next pair"), () => location.reload());
    const wrote = $$("textarea, [name=rationale], [name=note]", form).some((field) => field.value.trim());
    say(wrote ? _("{words} What you wrote is still here, to be copied.", { words }) : words, "state bad", next);
  }

  /* ---- each pair begins alike ---- */

  function begin() {
    const address = main()?.dataset.address;
    if (address && address !== location.pathname) history.replaceState(null, "", address);
    document.dispatchEvent(new Event("pair"));
    scrollTo(0, 0);
    main()?.focus({ preventScroll: true });
    const news = $("#news")?.textContent.replace(/\s+/g, " ").trim();
    if (news) announce(news);
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || !form.closest("#desk")) return;
    event.preventDefault();
    send(form);
  });
  document.addEventListener("unused", () => sent && (meanwhile.unused = true));
  document.addEventListener("pointerdown", (event) => sent && event.target.closest("form.decide") && (meanwhile.unused = true), true);
  windows?.addEventListener("message", ({ data }) => {
    if (kept || data.who !== main()?.dataset.who || data.action !== decide()?.action) return;
    say(_("You decided this pair in another window."), "state calm", button(_("Show the next pair"), () => location.reload()));
  });
  addEventListener("online", again);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && again());
  addEventListener("beforeunload", (event) => kept && event.preventDefault());

  document.documentElement.toggleAttribute("data-script", true);
  addEventListener("DOMContentLoaded", () => {
    begin();
    const left = recall("decision", {});
    if (left.action && left.who === main()?.dataset.who) goOnWith(left);
  });
})();
