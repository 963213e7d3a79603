/* What the scripts say, in the reader's language: a page that is not in English brings the words, each under what it is in English. */
const _ = (text, values = {}) => {
  const words = document.querySelector(`#words [data-text="${CSS.escape(text)}"]`)?.textContent ?? text;
  return words.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
};
