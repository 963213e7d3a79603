/* After a long run without a break the desk says so, between two pairs, and goes on. Nothing of it leaves this machine. */
(() => {
  "use strict";

  const { $, say, button, recall, keep, main } = Desk;
  const [RUN, BREAK] = [50, 5].map((minutes) => minutes * 60 * 1000); // work, and what ends it; it is said once in each such stretch of work
  const OFTEN = 10 * 1000; // milliseconds; signs that somebody is there are not written down more often
  const LATER = 1500; // what became of the decision before is read first

  let written = 0;

  /** Note that somebody is there, in whichever window, and return since when they have been. */
  function note() {
    const [who, now] = [main()?.dataset.who ?? "", Date.now()];
    const before = recall("run", {});
    const goes = before.who === who && now - before.last <= BREAK;
    const run = { who, since: goes ? before.since : now, told: goes ? before.told : 0, last: now };
    keep("run", run);
    written = now;
    return run;
  }

  function onPair() {
    const run = note();
    const news = $("#news");
    if (!main()?.matches(".desk") || !news || run.last - Math.max(run.since, run.told) < RUN) return;
    keep("run", { ...run, told: run.last });
    const [minutes, stood] = [Math.round((run.last - run.since) / 60000), news.textContent];
    setTimeout(() => news.isConnected && news.textContent === stood && tell(minutes), LATER);
  }

  function tell(minutes) {
    const close = button(_("Close"), () => $("#news").replaceChildren());
    say(_("You have judged for {minutes} minutes on end. Five minutes away are well spent: the pair waits for you.", { minutes }), "state calm", close);
  }

  for (const sign of ["keydown", "pointerdown", "pointermove", "wheel", "touchmove"]) {
    document.addEventListener(sign, () => Date.now() - written > OFTEN && note(), { capture: true, passive: true });
  }
  document.addEventListener("pair", onPair);
})();
