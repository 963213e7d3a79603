/* Reading a pair: both panes move together, fold alike, show what only one of them says, and show texts letter for letter.
   Works on what stands in the panes and knows nothing of deciding; desk.js tells of each new pair by the event "pair". */
(() => {
  "use strict";

  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const scrollers = () => $$(".pane .scroll");
  const isNarrow = matchMedia("(max-width: 60rem)");

  function announce(text) {
    const live = $("#live");
    if (live) live.textContent = text;
  }

  /* ---- what a person has set, on this machine ---- */

  const settings = { linked: true, raw: false, only: false, folded: null }; // folded: null is whatever suits the screen
  try {
    Object.assign(settings, JSON.parse(localStorage.getItem("reading") ?? "{}"));
  } catch {
    /* storage is blocked or holds something else: the defaults do */
  }

  const folds = () => settings.folded ?? isNarrow.matches;

  function set(name, value) {
    settings[name] = value;
    try {
      localStorage.setItem("reading", JSON.stringify(settings));
    } catch {
      /* it holds for this page only */
    }
    inPlace(show);
  }

  function show() {
    const pressed = { link: settings.linked, raw: settings.raw, only: settings.only, fold: folds() };
    for (const [tool, is] of Object.entries(pressed)) $(`#${tool}-tool`)?.setAttribute("aria-pressed", is);
    document.documentElement.toggleAttribute("data-raw", settings.raw);
    fold();
    foldPrompt();
    setTimeout(mark); // when the texts are on the screen
  }

  /* ---- both panes move together, in proportion ---- */

  const room = (pane) => pane.scrollHeight - pane.clientHeight;
  const fractionOf = (pane) => (room(pane) < 1 ? 0 : pane.scrollTop / room(pane));
  const placed = new WeakMap(); // where this script put a pane, so that its own scrolling is not followed back

  function place(pane, fraction) {
    const top = Math.round(fraction * room(pane));
    if (Math.abs(pane.scrollTop - top) < 1) return;
    placed.set(pane, top);
    pane.scrollTop = top;
  }

  function follow(pane) {
    const wasPlaced = Math.abs((placed.get(pane) ?? -9) - pane.scrollTop) < 2;
    placed.delete(pane);
    const other = scrollers().find((each) => each !== pane);
    if (settings.linked && !wasPlaced && other && room(pane) >= 1 && room(other) >= 1) place(other, fractionOf(pane));
  }

  /** Change what the panes hold, and leave each as far down as it was. */
  function inPlace(change) {
    const were = scrollers().map((pane) => [pane, fractionOf(pane)]);
    change();
    for (const [pane, fraction] of were) place(pane, fraction);
  }

  function scrollOn(event) {
    const steps = { ArrowDown: 40, ArrowUp: -40, PageDown: 0.9, PageUp: -0.9, " ": event.shiftKey ? -0.9 : 0.9, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    const panes = scrollers().filter((pane) => room(pane) > 0);
    if (step === undefined || !panes.length) return false;
    const moved = settings.linked ? [panes.reduce((a, b) => (room(b) > room(a) ? b : a))] : panes;
    for (const pane of moved) {
      const by = Math.abs(step) < 1 ? step * pane.clientHeight : step;
      pane.scrollTop = Math.min(Math.max(pane.scrollTop + by, 0), room(pane));
    }
    return true;
  }

  /* ---- folding: long prompts to their first lines, both responses at the same fraction ---- */

  const PROMPT_LINES = 5;
  const SCREENS = 2; // of the longer response, before both are folded
  const responses = () => $$(".pane .response");

  function fold() {
    const shown = responses();
    for (const each of shown) each.style.removeProperty("block-size");
    const heights = shown.map((each) => (folds() ? each.scrollHeight : 0));
    const fraction = (SCREENS * innerHeight) / Math.max(1, ...heights);
    const sizes = shown.map((each, index) => (fraction < 0.9 ? lineAbove(each, heights[index] * fraction) : 0));
    shown.forEach((each, index) => {
      if (sizes[index]) each.style.setProperty("block-size", `${sizes[index]}px`);
      each.classList.toggle("folded", sizes[index] > 0);
      $(".fold", each.parentElement).hidden = !sizes[index];
    });
  }

  /** Return where the last whole line ends above a height, so that no line is cut through. */
  function lineAbove(element, height) {
    const range = document.createRange();
    range.selectNodeContents(element);
    const top = element.getBoundingClientRect().top;
    const ends = [...range.getClientRects()].map((line) => line.bottom - top).filter((end) => end <= height);
    return Math.ceil(ends.reduce((a, b) => Math.max(a, b), 0)) || height;
  }

  function foldPrompt(open = $("#prompt")?.classList.contains("open")) {
    const prompt = $("#prompt");
    if (!prompt) return;
    const last = $(".last", prompt);
    last.style.removeProperty("block-size");
    const lines = PROMPT_LINES * parseFloat(getComputedStyle(last).lineHeight);
    const isLong = last.scrollHeight > lines * 1.5;
    if (isLong && !open) last.style.setProperty("block-size", `${lineAbove(last, lines)}px`);
    prompt.classList.toggle("folds", isLong && !open);
    prompt.classList.toggle("open", Boolean(open));
    const tool = $("#whole-prompt");
    tool.hidden = !isLong && !$(".turns", prompt);
    tool.setAttribute("aria-expanded", Boolean(open));
    tool.firstElementChild.textContent = open ? _("Fold") : _("Unfold");
  }

  function turnPrompt() {
    const open = !$("#prompt").classList.contains("open");
    for (const turns of $$("#prompt .turns")) turns.open = open;
    foldPrompt(open);
  }

  /* ---- what only one side says: underlined, and read out from a line of its own ---- */

  const TOKEN = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|[\p{L}\p{M}\p{N}_]+|\S/gu;
  const WORD = /[\p{L}\p{N}]/u;
  const FEWEST = 3; // words in a row that are no chance
  const ALIKE = 0.1; // of the longer side: below it the two say nothing in the same words, and marks would be all there is
  const MOST_EDITS = 400;
  const FURTHEST = 100; // words
  const BLOCKS = "p, li, td, th, pre, h3, h4, h5, h6";
  const MOST_READ_OUT = 60;

  function mark() {
    CSS.highlights?.delete("only");
    for (const line of $$(".only")) line.textContent = "";
    for (const note of $$(".unlike")) note.hidden = true;
    if ($(".clause")) return markClauses();
    const sides = responses();
    if (!settings.only || sides.length < 2) return;
    const [left, right] = sides.map(tokensOf);
    const [leftOnly, rightOnly, alike] = compare(left.map((token) => token.word), right.map((token) => token.word));
    if (alike < ALIKE * Math.max(left.length, right.length)) return tellUnlike();
    slide(left, leftOnly);
    slide(right, rightOnly);
    const ranges = [rangesOf(left, leftOnly), rangesOf(right, rightOnly)];
    CSS.highlights?.set("only", new Highlight(...ranges.flat()));
    ranges.forEach((found, side) => tell($(".only", sides[side].parentElement), found));
  }

  /** In a rubric that was worded anew: what only the old or only the new clause says, whatever is set. */
  function markClauses() {
    const marked = $$(".clause").flatMap((clause) => {
      const sides = $$(".side:has(.cooked)", clause);
      if (sides.length < 2) return [];
      const texts = sides.map(tokensOf);
      const [oldOnly, newOnly] = compare(...texts.map((tokens) => tokens.map((token) => token.word)));
      const ranges = [rangesOf(texts[0], oldOnly), rangesOf(texts[1], newOnly)];
      ranges.forEach((found, side) => tell($(".only", sides[side]), found));
      return ranges.flat();
    });
    CSS.highlights?.set("only", new Highlight(...marked));
  }

  function tellUnlike() {
    for (const note of $$(".unlike")) note.hidden = false;
    announce($(".unlike").textContent);
  }

  function tell(line, ranges) {
    const said = ranges.slice(0, MOST_READ_OUT).map((range) => `“${range.toString().replace(/\s+/g, " ").trim().slice(0, 200)}”`);
    const more = ranges.length - said.length;
    const words = said.join("; ");
    if (!said.length) line.textContent = _("This side says nothing that the other does not.");
    else if (more > 0) line.textContent = _("Only this side says: {words}; and {more} more passages.", { words, more });
    else line.textContent = _("Only this side says: {words}.", { words });
  }

  /** Return the words of what is shown of a response, each with where it stands. A formula is one word. */
  function tokensOf(response) {
    const shown = $(settings.raw ? ".letters" : ".cooked", response);
    const tokens = [];
    let block = null; // the paragraph, item or cell of the word before
    const begins = (element) => block !== (block = element.closest(BLOCKS));
    const walker = document.createTreeWalker(shown, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT, (node) => {
      if (node.localName !== "math") return NodeFilter.FILTER_ACCEPT;
      tokens.push({ word: node.textContent, node, from: 0, to: node.childNodes.length, begins: begins(node.parentElement) });
      return NodeFilter.FILTER_REJECT;
    });
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (node.nodeType !== Node.TEXT_NODE) continue;
      for (const found of node.data.matchAll(TOKEN)) {
        tokens.push({ word: found[0], node, from: found.index, to: found.index + found[0].length, begins: begins(node.parentElement) });
      }
    }
    return tokens;
  }

  /** Where a stretch could as well begin some words before or after, as when paragraphs end alike: let it begin with its paragraph. */
  function slide(tokens, only) {
    for (let begin = 0, end; begin < tokens.length; begin = end + 1) {
      while (begin < tokens.length && !only[begin]) begin += 1;
      for (end = begin; end < tokens.length && only[end]; ) end += 1;
      const by = slideOf(tokens, only, begin, end);
      only.fill(0, begin, end);
      only.fill(1, begin + by, end + by);
      end += Math.max(by, 0);
    }
  }

  function slideOf(tokens, only, begin, end) {
    const same = (at) => tokens[at]?.word === tokens[at + end - begin]?.word;
    for (let by = 0; by < FURTHEST && begin + by < tokens.length; by += 1) {
      if (tokens[begin + by].begins) return by;
      if (only[end + by] || end + by >= tokens.length || !same(begin + by)) break;
    }
    for (let by = -1; by > -FURTHEST && begin + by >= 0 && !only[begin + by] && same(begin + by); by -= 1) {
      if (tokens[begin + by].begins) return by;
    }
    return 0;
  }

  function rangesOf(tokens, only) {
    const ranges = [];
    for (let begin = 0, end; begin < tokens.length; begin = end) {
      for (end = begin + 1; end < tokens.length && only[end] === only[begin]; ) end += 1;
      if (!only[begin] || !tokens.slice(begin, end).some((token) => WORD.test(token.word))) continue;
      const range = document.createRange();
      range.setStart(tokens[begin].node, tokens[begin].from);
      range.setEnd(tokens[end - 1].node, tokens[end - 1].to);
      ranges.push(range);
    }
    return ranges;
  }

  /** Return for each word of either side whether only that side says it, and how many words both say. Its cost is bounded, whatever the texts are. */
  function compare(aWords, bWords) {
    const numbered = rowsOf(aWords, bWords);
    const [a, b] = numbered[0].sides;
    const both = [];
    const parts = [[0, a.length, 0, b.length]];
    while (parts.length) {
      let [a0, a1, b0, b1] = parts.pop();
      while (a0 < a1 && b0 < b1 && a[a0] === b[b0]) both.push([a0++, b0++]);
      while (a0 < a1 && b0 < b1 && a[a1 - 1] === b[b1 - 1]) both.push([--a1, --b1]);
      if (a0 === a1 || b0 === b1) continue;
      const [anchors, size] = anchorsOf(numbered, [a0, a1, b0, b1]);
      if (!anchors.length) both.push(...shortest(a, b, a0, a1, b0, b1));
      for (const { i, j } of anchors) {
        if (i < a0 || j < b0) continue; // within the one before
        for (let n = 0; n < size; n += 1) both.push([i + n, j + n]);
        parts.push([a0, i, b0, j]);
        [a0, b0] = [i + size, j + size];
      }
      if (anchors.length) parts.push([a0, a1, b0, b1]);
    }
    both.sort((x, y) => x[0] - y[0]);
    return onlyAndBoth(a, b, both);
  }

  function onlyAndBoth(a, b, both) {
    const only = [new Uint8Array(a.length).fill(1), new Uint8Array(b.length).fill(1)];
    let alike = 0;
    for (const [from, to] of runsOf(both, a.length, b.length)) {
      alike += to - from;
      for (const [i, j] of both.slice(from, to)) only[0][i] = only[1][j] = 0;
    }
    return [...only, alike];
  }

  /** Yield the stretches that both say, but those of a word or two far from any other: in long texts that is chance. */
  function* runsOf(both, aLength, bLength) {
    const gap = ([i, j], [k, l]) => k - i + (l - j) - 2;
    for (let from = 0, to; from < both.length; from = to) {
      for (to = from + 1; to < both.length && gap(both[to - 1], both[to]) === 0; ) to += 1;
      const size = to - from;
      const around = [gap(both[from - 1] ?? [-1, -1], both[from]), gap(both[to - 1], both[to] ?? [aLength, bLength])];
      if (size >= FEWEST || Math.min(...around) <= 4 * size) yield [from, to];
    }
  }

  /** Number the words of both sides, then each two in a row, then each four: equal rows have equal numbers. */
  function rowsOf(aWords, bWords) {
    const found = [{ size: 1, sides: [aWords, bWords] }];
    for (const size of [1, 2, 4]) {
      const numbers = new Map();
      const number = (key) => numbers.get(key) ?? numbers.set(key, numbers.size).size - 1;
      const below = found[0].sides;
      const row = (side) => (size === 1 ? side : side.slice(size / 2).map((next, at) => side[at] * 2 ** 22 + next));
      found.unshift({ size, sides: below.map((side) => row(side).map(number)) });
    }
    return found.slice(0, 3).reverse();
  }

  /** Return where each side says, once, the same four, two words in a row, or the same word, in the longest order that both share (patience); and how many. */
  function anchorsOf(numbered, part) {
    for (const { size, sides } of numbered.toReversed()) {
      const anchors = longestRise(saidOnce(sides, part, size));
      if (anchors.length) return [anchors, size];
    }
    return [[], 0];
  }

  function saidOnce([a, b], [a0, a1, b0, b1], size) {
    const seen = new Map();
    for (let i = a0; i + size <= a1; i += 1) seen.set(a[i], seen.has(a[i]) ? null : { i, j: -1 });
    for (let j = b0; j + size <= b1; j += 1) {
      const once = seen.get(b[j]);
      if (once) seen.set(b[j], once.j < 0 ? Object.assign(once, { j }) : null);
    }
    return [...seen.values()].filter((once) => once && once.j >= 0).sort((x, y) => x.i - y.i);
  }

  function longestRise(pairs) {
    const tops = [];
    for (const pair of pairs) {
      let [low, high] = [0, tops.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (tops[middle].j < pair.j) low = middle + 1;
        else high = middle;
      }
      pair.before = low ? tops[low - 1] : null;
      tops[low] = pair;
    }
    const rise = [];
    for (let pair = tops.at(-1); pair; pair = pair.before) rise.push(pair);
    return rise.reverse();
  }

  /** Return pairs of places of equal words with the fewest edits between them (Myers 1986); none where it takes more than MOST_EDITS. */
  function shortest(a, b, a0, a1, b0, b1) {
    const [n, m] = [a1 - a0, b1 - b0];
    const most = Math.min(n + m, MOST_EDITS);
    const trace = [];
    let ends = new Int32Array(2 * most + 2);
    for (let edits = 0; edits <= most; edits += 1) {
      trace.push(ends.slice());
      for (let k = -edits; k <= edits; k += 2) {
        let x = k === -edits || (k !== edits && ends[most + k - 1] < ends[most + k + 1]) ? ends[most + k + 1] : ends[most + k - 1] + 1;
        while (x < n && x - k < m && a[a0 + x] === b[b0 + x - k]) x += 1;
        ends[most + k] = x;
        if (x >= n && x - k >= m) return walkBack(trace, edits, most, n, m).map(([i, j]) => [a0 + i, b0 + j]);
      }
    }
    return [];
  }

  function walkBack(trace, edits, most, n, m) {
    const found = [];
    let [x, y] = [n, m];
    for (let d = edits; d >= 0; d -= 1) {
      const ends = trace[d];
      const k = x - y;
      const before = d === 0 ? 0 : k === -d || (k !== d && ends[most + k - 1] < ends[most + k + 1]) ? k + 1 : k - 1;
      const fromX = d === 0 ? 0 : ends[most + before];
      const fromY = fromX - before;
      while (x > fromX && y > fromY && x > 0 && y > 0) found.push([--x, --y]);
      [x, y] = [fromX, fromY];
    }
    return found;
  }

  /* ---- keys, clicks, and each new pair ---- */

  const isAtRest = (element) => element === document.body || element === $("#desk");

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (isAtRest(event.target) && !$("[role=dialog]:popover-open") && scrollOn(event)) event.preventDefault();
  });
  document.addEventListener("scroll", (event) => event.target.matches?.(".pane .scroll") && follow(event.target), { capture: true, passive: true });
  document.addEventListener("click", (event) => {
    const on = (selector) => event.target.closest(selector);
    if (on("#link-tool")) set("linked", !settings.linked);
    else if (on("#raw-tool")) set("raw", !settings.raw);
    else if (on("#only-tool")) set("only", !settings.only);
    else if (on("#fold-tool")) set("folded", !folds());
    else if (on("[data-unfold]")) set("folded", false);
    else if (on("#whole-prompt")) turnPrompt();
  });

  let width = innerWidth;
  addEventListener("resize", () => {
    if (width === innerWidth) return; // a phone's bars come and go with the scrolling
    width = innerWidth;
    inPlace(show);
  });

  document.addEventListener("pair", show);
  show();
})();
