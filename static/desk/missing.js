/* What a decision still lacks is said in the status line, where it moves nothing; and words are not thrown away by one key. */
(() => {
  "use strict";

  const { $, $$, say, isTyping, unfold } = Desk;

  let told = false;
  document.addEventListener("invalid", (event) => {
    event.preventDefault();
    if (told) return;
    told = true;
    setTimeout(() => (told = false));
    const field = event.target;
    unfold(field);
    if (isTyping(field)) field.focus();
    say(field.dataset.missing ?? field.validationMessage, "state warn");
  }, true);

  function showReadiness() {
    for (const form of $$("form.decide")) {
      const ready = [...form.elements].every((each) => each.validity?.valid ?? true);
      $(".primary", form).setAttribute("aria-disabled", !ready);
    }
  }

  document.addEventListener("submit", (event) => {
    const words = $("form.decide textarea")?.value.trim();
    if (event.target.id !== "give-back" || !words || event.target.dataset.asked) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    event.target.dataset.asked = "yes";
    say(_("You have written a reason. Give back once more, and it goes with the pair."), "state warn");
  }, true);

  for (const name of ["input", "change", "pair"]) document.addEventListener(name, showReadiness);
})();
