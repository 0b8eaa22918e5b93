// Runs before the first paint, so that a dark screen never flashes white; theme.js takes over from here.
(() => {
  let stored = null;
  try {
    stored = localStorage.getItem('forescale-theme');
  } catch {
    // Storage is forbidden here: the system's theme it is.
  }
  const dark = stored ? stored === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
