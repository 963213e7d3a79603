/* Active seconds: those with the pair on the screen and somebody there. */
(() => {
  "use strict";

  const { $, $$, form, recall, keep } = Desk;

  // Who sits still is taken to be reading, for as long as reading all the words once takes at the usual speed (Brysbaert 2019: 238 a minute), and for 30 s
  // at least. A coffee is taken out; and who reads without touching anything is never made out to be faster than a usual reader.
  const STILL = 30;
  const WORDS_A_SECOND = 4; // in scripts without spaces each character is a word, and is read about as fast
  const WORD = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|[^\s\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]+/g;
  const session = () => sessionStorage;

  const reading = { active: 0, since: null, still: STILL }; // seconds; `since` is when somebody was last there, null while nothing is on the screen
  const seconds = () => $("form.decide [name=active_seconds]");
  const now = () => performance.now() / 1000;

  function count() {
    if (reading.since !== null) reading.active += Math.min(now() - reading.since, reading.still);
    reading.since = seconds() && document.visibilityState === "visible" ? now() : null;
  }

  /** Write what was counted into the form; a decision that is kept was made when it was first sent. */
  function write() {
    if (!seconds() || form().dataset.kept) return;
    count();
    seconds().value = reading.active.toFixed(1);
  }

  function begin() {
    const words = $$(".prompt .cooked, .pane .cooked").map((text) => text.textContent.match(WORD)?.length ?? 0);
    reading.still = Math.max(STILL, words.reduce((a, b) => a + b, 0) / WORDS_A_SECOND);
    reading.active = Math.max(Number(seconds()?.value) || 0, countedBefore());
    reading.since = null;
    count();
  }

  /** A reload, or a tab that the system put to sleep, does not begin at nothing again. */
  function countedBefore() {
    const [pair, active] = recall("active", [], session);
    return pair === seconds()?.form.action ? active : 0;
  }

  for (const sign of ["pointermove", "pointerdown", "keydown", "wheel", "touchmove", "scroll"]) {
    document.addEventListener(sign, count, { capture: true, passive: true });
  }
  document.addEventListener("visibilitychange", () => {
    count();
    if (document.visibilityState === "hidden" && seconds()) keep("active", [seconds().form.action, reading.active], session);
  });
  for (const sign of ["submit", "typed"]) document.addEventListener(sign, write, true);
  document.addEventListener("pair", begin);
})();
