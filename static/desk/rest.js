/* After a long run without a break the desk says so, once, and goes on. Nothing is counted for anybody else. */
(() => {
  "use strict";

  const { say, recall, keep, main } = Desk;
  const [RUN, BREAK, AGAIN] = [50, 5, 20].map((minutes) => minutes * 60 * 1000); // work, what ends a run, and until it is said again
  const run = recall("run", { since: 0, last: 0, told: 0 });

  function onPair() {
    const now = Date.now();
    if (now - run.last > BREAK) run.since = now;
    run.last = now;
    if (main()?.matches(".desk") && now - run.since >= RUN && now - run.told >= AGAIN) {
      run.told = now;
      const minutes = Math.round((now - run.since) / 60000);
      setTimeout(() => say(`You have judged for ${minutes} minutes on end. Five minutes away are well spent: the pair waits for you.`, "state calm"), 1500);
    }
    keep("run", run);
  }

  document.addEventListener("pair", onPair);
})();
