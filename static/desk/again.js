/* The controls are the same for each pair of a wording. They stay from pair to pair, drawn and laid out once; only what is a pair's own is changed.
   A card says in data-controls which ones it goes with, where nothing stands in them yet; with data-again it came without them. */
(() => {
  "use strict";

  const { $, $$, main } = Desk;

  /** What a request for the next card says besides: the controls that are here. */
  Desk.has = () => (main()?.dataset.controls ? { "Desk-Controls": main().dataset.controls } : {});

  /** Put the next card in the place of the one that is shown. */
  Desk.turnTo = (card) => {
    if (!("again" in card.dataset)) return main().replaceWith(card);
    main().blur(); // it is the same element, and is to be heard of as another
    const [here, fresh] = [main(), card].map((each) => $(":scope > #controls", each)); // no text can be one
    clear(here);
    for (const form of $$("form", here)) address(form, fresh.dataset);
    $(".undo", here)?.remove();
    $("#news", here).replaceWith(...$("#news", fresh).parentElement.children);
    fresh.remove();
    for (const part of [...main().children]) if (part !== here) part.remove();
    here.before(...card.children);
    delete card.dataset.again;
    Object.assign(main().dataset, card.dataset);
  };

  /** The rubric stays open if it was; nothing else does. */
  function clear(controls) {
    for (const open of $$("[popover]:popover-open:not(#rubric)", controls)) open.hidePopover();
    for (const still of $$("[inert]", controls)) still.inert = false;
    for (const busy of $$("[aria-busy]", controls)) busy.removeAttribute("aria-busy");
  }

  /** Have a form as it first came, for the pair at another address. */
  function address(form, { at, label, words }) {
    form.reset();
    form.setAttribute("action", at + form.getAttribute("action").split("/").pop());
    if (form.dataset.draft) form.dataset.draft = `${at}draft`;
    for (const state of ["kept", "slow"]) delete form.dataset[state];
    for (const hidden of $$("[type=hidden]:not([name=csrfmiddlewaretoken])", form)) hidden.value = "";
    const key = $("[name=submission_key]", form);
    if (key) key.value = form.closest("#report, #ask") ? words : label;
  }
})();
