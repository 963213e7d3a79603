/* The controls are the same for each pair of a wording. They stay from pair to pair, drawn and laid out once; only what is a pair's own is changed.
   A card says in data-controls which ones it goes with, where nothing stands in them yet; a bare one (data-bare) comes without them, to a desk that has them.
   So a form outlives its pair: whatever waits compares its address, not the form, to know whether the pair is still the one that it was about. */
(() => {
  "use strict";

  const { $, $$, main } = Desk;

  /** What a request for the next card says besides: the controls that are here. */
  Desk.has = () => (main()?.dataset.controls ? { "Desk-Controls": main().dataset.controls } : {});

  /** Put the next card in the place of the one that is shown. The rubric stays open if it was. */
  Desk.changeTo = (card) => {
    if ("bare" in card.dataset) return change(card);
    const isRubricOpen = Boolean($("#rubric:popover-open"));
    main().replaceWith(card);
    if (isRubricOpen) $("#rubric")?.showPopover();
    return undefined;
  };

  function change(card) {
    main().blur(); // it is the same element, and is to be heard of as another
    const controls = $(":scope > #controls", main());
    const own = $(":scope > #for-controls", card); // a child of the card itself: no text of the pair is
    clear(controls);
    for (const form of $$("form", controls)) readdress(form, own.dataset);
    $(".undo", controls)?.remove();
    $("#news", controls).replaceWith(...$("#news", own).parentElement.children);
    own.remove();
    for (const part of [...main().children]) if (part !== controls) part.remove();
    controls.before(...card.children);
    delete card.dataset.bare;
    Object.assign(main().dataset, card.dataset);
  }

  /** Close whatever else is open, and let go of what was held while a decision was on its way. */
  function clear(controls) {
    for (const open of $$("[popover]:popover-open:not(#rubric)", controls)) open.hidePopover();
    for (const still of $$("[inert]", controls)) still.inert = false;
    for (const busy of $$("[aria-busy]", controls)) busy.removeAttribute("aria-busy");
  }

  /** Have a form as it first came, for the pair at another address. */
  function readdress(form, { at, label, words }) {
    form.reset();
    form.setAttribute("action", at + form.getAttribute("action").split("/").pop());
    if (form.dataset.draft) form.dataset.draft = `${at}draft`;
    for (const state of ["kept", "slow"]) delete form.dataset[state];
    for (const hidden of $$("[type=hidden]:not([name=csrfmiddlewaretoken])", form)) hidden.value = "";
    const key = $("[name=submission_key]", form);
    if (key) key.value = form.closest("#report, #ask") ? words : label;
  }
})();
