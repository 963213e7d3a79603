/* Copy what stands beside a button that has data-copy. Without this script the text can be selected, and the button is not there. */
(() => {
  "use strict";

  document.documentElement.toggleAttribute("data-script", true);

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const label = button.firstChild;
    const before = label.data;
    try {
      await navigator.clipboard.writeText(button.parentElement.querySelector("pre").textContent);
      label.data = button.dataset.copied;
    } catch {
      label.data = button.dataset.refused; // the browser allows no clipboard here
    }
    setTimeout(() => (label.data = before), 2000);
  });
})();
