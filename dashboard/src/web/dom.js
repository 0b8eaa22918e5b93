// @ts-check
/** The element with an id of index.html. @template {HTMLElement} [T=HTMLElement] @param {string} id @param {new () => T} [type] @returns {T} */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof (type ?? HTMLElement))) throw new TypeError(`index.html has no fitting #${id}`);
  return /** @type {T} */ (element);
}

/** Sets a text only when it differs: polls come often, and a write costs layout. @param {Element} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * A new element. Text is set as text, never parsed.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {string} className @param {string | readonly Node[]} [content] @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, className, content = '') {
  const node = document.createElement(tag);
  if (className !== '') node.className = className;
  if (typeof content === 'string') node.textContent = content;
  else node.append(...content);
  return node;
}

/** Passes a call on at most once in `everyMs`; what comes meanwhile waits, the last of it runs. @template T @param {number} everyMs @param {(value: T) => void} run */
export function throttle(everyMs, run) {
  let nextMs = 0;
  /** @type {{ value: T } | null} */
  let waiting = null;
  return (/** @type {T} */ value) => {
    const nowMs = performance.now();
    if (nowMs >= nextMs && !waiting) {
      nextMs = nowMs + everyMs;
      run(value);
      return;
    }
    if (!waiting) {
      setTimeout(() => {
        const last = waiting;
        waiting = null;
        nextMs = performance.now() + everyMs;
        if (last) run(last.value);
      }, nextMs - nowMs);
    }
    waiting = { value };
  };
}
