/* Undo: for how long the last decision may be reopened. The server knows better, and says so. */
(() => {
  "use strict";

  const { $ } = Desk;
  let ends = 0;

  function tick() {
    const shown = $("[data-left]");
    if (!shown) return;
    const left = Math.ceil((ends - performance.now()) / 1000);
    if (left <= 0) return shown.closest(".undo").remove();
    shown.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  }

  document.addEventListener("pair", () => {
    ends = performance.now() + Number($("[data-left]")?.dataset.left ?? 0) * 1000;
    tick();
  });
  setInterval(tick, 1000);
})();
