// @ts-check
const KEY = 'forescale-theme';

/** The colours that canvases need, by the name of their CSS variable. */
const COLOURS = /** @type {const} */ ([
  'ink',
  'muted',
  'grid',
  'ahead',
  'blue',
  'blue-fill',
  'blue-line',
  'orange',
  'orange-fill',
  'bound',
  'card',
]);

/** @typedef {Record<typeof COLOURS[number], string>} Palette */

/** The palette of the theme in force. @returns {Palette} */
export function readPalette() {
  const style = getComputedStyle(document.documentElement);
  return /** @type {Palette} */ (
    Object.fromEntries(COLOURS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]))
  );
}

/**
 * Lets the button switch the theme and the system set it until then. `onChange` runs after each change.
 * @param {HTMLElement} button @param {() => void} onChange
 */
export function wireTheme(button, onChange) {
  const root = document.documentElement;
  const label = () => {
    button.setAttribute('aria-label', `Switch to ${root.dataset.theme === 'dark' ? 'light' : 'dark'} colours`);
  };
  /** @param {'light' | 'dark'} theme */
  const apply = (theme) => {
    root.dataset.theme = theme;
    label();
    onChange();
  };
  button.addEventListener('click', () => {
    const theme = root.dataset.theme === 'dark' ? 'light' : 'dark';
    apply(theme);
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // Not remembered where storage is forbidden.
    }
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', ({ matches }) => {
    if (!remembered()) apply(matches ? 'dark' : 'light');
  });
  label();
}

function remembered() {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return false;
  }
}
